// Acknowledges an alert by the operation of the API. The key is sent once and stays in the page.
const form = document.getElementById("acknowledging");
const field = (id) => document.getElementById(id);

for (const link of document.querySelectorAll("[data-alert]")) {
  link.addEventListener("click", () => {
    field("number").value = link.dataset.alert;
    field("note").focus();
  });
}

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = await fetch(`/v1/alerts/${field("number").value}/acknowledge`, {
    method: "POST",
    headers: { Authorization: `Bearer ${field("key").value.trim()}`, "Content-Type": "application/json" },
    body: JSON.stringify({ note: field("note").value }),
  });
  const content = await answer.json();
  field("acknowledged").textContent = answer.ok
    ? `${form.dataset.done}: ${content.rule} ${content.about}`
    : [content.detail, content.expected, content.found, content.remedy].filter(Boolean).join(" · ");
  if (answer.ok) setTimeout(() => location.reload(), 900);
});
