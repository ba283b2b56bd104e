import { reactive } from "vue";

// How wide the page is, for what is a table on a desk and cards on a phone: drawn again when the phone is turned, as Vue follows what it reads.
window.narrower = reactive({});
for (const width of [700, 900]) {
  const asked = matchMedia(`(max-width: ${width - 1}px)`);
  const read = () => { window.narrower[width] = asked.matches; };
  asked.addEventListener("change", read);
  read();
}

// A page whose session has ended cannot get its socket back: it goes to where one signs in.
setInterval(async () => {
  if (!window.socket || window.socket.connected) return;
  const answer = await fetch(new URL("../session", document.querySelector("script[src$='/static/shell.js']").src), { cache: "no-store" }).catch(() => null);
  if (answer && answer.ok && (await answer.text()) === "0") window.location.reload();
}, 2000);

// What Quasar draws without saying what it is gets a name; a table that is wider than its place can be moved with the keys, and shows that there is more.
const mend = () => {
  for (const bar of document.querySelectorAll(".q-loading-bar:not([aria-label])")) bar.setAttribute("aria-label", "正在传送");
  for (const box of document.querySelectorAll(".q-table__middle")) {
    const wide = box.scrollWidth > box.clientWidth + 1;
    if (wide === box.hasAttribute("tabindex")) continue;
    box.parentElement.classList.toggle("goes-on", wide);
    if (wide) box.setAttribute("tabindex", "0");
    else box.removeAttribute("tabindex");
  }
};
let waiting = 0;
const soon = () => { waiting ||= requestAnimationFrame(() => { waiting = 0; mend(); }); };
addEventListener("load", () => { new MutationObserver(soon).observe(document.body, { childList: true, subtree: true }); mend(); });
addEventListener("resize", soon);
