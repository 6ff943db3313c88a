// Runs inside a page that telform wrote, in a browser: whether anything is wider than the screen, whether a phone number or an id
// is broken across lines, and whether the texts of the picture fit their boxes. `pages.sh` puts it there.
(() => {
  'use strict';
  for (const fold of document.querySelectorAll('details')) fold.open = true;
  for (const part of document.querySelectorAll('.change')) part.style.contentVisibility = 'visible';
  const wrong = [];
  const root = document.scrollingElement;
  if (root.scrollWidth > root.clientWidth) {
    const wide = Array.from(document.body.querySelectorAll('*')).filter((part) => part.getBoundingClientRect().right > root.clientWidth
      && !part.closest('.scroll, .skip'));
    const names = wide.slice(0, 3).map((part) => `<${part.localName} class="${part.className}"> ${part.textContent.slice(0, 40)}`);
    wrong.push(`wider than the screen, ${root.scrollWidth} > ${root.clientWidth}: ${names.join(' | ')}`);
  }
  const whole = /\+\d{7,15}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let looked = 0;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node.parentElement.closest('script, style, svg')) continue;
    for (const match of node.data.matchAll(whole)) {
      const range = document.createRange();
      range.setStart(node, match.index);
      range.setEnd(node, match.index + match[0].length);
      const lines = new Set(Array.from(range.getClientRects(), (box) => Math.round(box.top)));
      looked += lines.size > 0 ? 1 : 0;
      if (lines.size > 1) wrong.push(`broken across lines: ${match[0]} in <${node.parentElement.localName}>`);
    }
  }
  for (const box of document.querySelectorAll('svg g.box')) {
    const width = box.querySelector('rect').width.baseVal.value;
    for (const text of box.querySelectorAll('text')) {
      if (text.getComputedTextLength() > width - 12) wrong.push(`does not fit its box: ${text.textContent}`);
    }
  }
  parent.postMessage({ page: location.pathname.split('/').pop(), width: root.clientWidth, looked, wrong }, '*');
})();
