// Another place on the same page, such as a lesson's next step, is read from its beginning.

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".top");
  if (!root || !data) return;
  if (root.at !== undefined && root.at !== data.at) document.querySelector("[data-testid=stMain]")?.scrollTo(0, 0);
  root.at = data.at;
}
