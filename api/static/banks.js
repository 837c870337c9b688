// Sends a list of customers and offers the answer as a file; `key` is that of key.js.
const upload = document.getElementById("upload");
upload.addEventListener("submit", async (event) => {
  event.preventDefault();
  const said = document.getElementById("uploaded");
  const file = document.getElementById("file").files[0];
  const answer = await fetch(`/v1/portfolios?format=xlsx&language=${upload.dataset.language}`, {
    method: "POST",
    body: file,
    headers: key() ? { Authorization: `Bearer ${key()}` } : {},
  });
  said.textContent = "";
  if (!answer.ok) {
    const problem = await answer.json();
    said.textContent = [problem.detail, problem.expected, problem.found].filter(Boolean).join(" · ");
    return;
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = link.textContent = "portfolio.xlsx";
  said.append(link);
});
