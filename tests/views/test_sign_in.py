def test_the_sign_in_page_opens(client):
    response = client.get("/sign-in/")
    assert response.status_code == 200


def test_db(alice, client_for):
    assert client_for(alice).get("/nowhere/").status_code == 404


def test_browser(alice, browser_for):
    page = browser_for(alice)
    page.goto("/sign-in/")
    assert "Alice" in page.content()
