/* The provider's frame on the KYC page: hears the end of the check, takes the frame away, and tells the server. */
(() => {
  "use strict";
  const frame = document.querySelector("#kyc-frame");
  const done = document.querySelector("#kyc-done");
  if (!frame || !done) return;
  const origins = frame.dataset.origins.split(" ");

  /* A reload asks how far the applicant is, instead of posting again and opening another session. */
  history.replaceState(null, "", frame.dataset.home);

  addEventListener("message", (event) => {
    if (!frame.isConnected || !origins.includes(event.origin) || event.source !== frame.contentWindow) return;
    if (!event.data || event.data.type !== "kyc:done") return;
    frame.remove();
    done.requestSubmit();
  });
})();
