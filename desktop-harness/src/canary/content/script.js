(function () {
  "use strict";
  document.addEventListener("DOMContentLoaded", function () {
    var form = document.querySelector("form");
    form.addEventListener("submit", function (event) {
      if (location.protocol !== "https:") {
        event.preventDefault();
      }
    });
  });
})();
