// Connects a form to the browser's security keys; what they answer is checked by the server.
(function () {
  "use strict";
  document.addEventListener("DOMContentLoaded", function () {
    var form = document.querySelector("[data-security-key]");
    if (!form || !window.allauth) { return; }
    var ids = { credential: form.querySelector("[name=credential]").id, data: "js_data" };
    if (form.dataset.securityKey === "add") {
      ids.add = "security_key";
      window.allauth.webauthn.forms.addForm({ ids: ids });
    } else {
      ids.authenticate = "security_key";
      window.allauth.webauthn.forms.authenticateForm({ ids: ids });
    }
  });
})();
