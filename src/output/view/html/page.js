(() => {
  'use strict';

  // Paper has no folds.
  let folded = [];
  window.addEventListener('beforeprint', () => {
    folded = Array.from(document.querySelectorAll('details:not([open])'));
    for (const fold of folded) fold.open = true;
  });
  window.addEventListener('afterprint', () => { for (const fold of folded) fold.open = false; });

  const form = document.getElementById('filter');
  if (!form) return;
  // What is filtered: the changes of a plan, or the runs of a journal.
  const what = form.dataset.of;
  const fields = form.elements;
  const selects = Array.from(form.querySelectorAll('select'), (select) => select.name).filter((name) => name !== 'in');
  const names = ['q', 'in', ...selects].filter((name) => fields[name]);
  const places = { address: '.address', before: '.before', after: '.after' };
  const items = Array.from(document.querySelectorAll(what === 'runs' ? 'article.run' : 'article.change'));
  const groups = Array.from(document.querySelectorAll('section.group, .alike'));
  const count = document.getElementById('count');
  const texts = new Map();

  // What alike changes share is in each of them. It is in the page once.
  const shared = new Map(items.map((item) => [item, item.closest('.alike')?.querySelector('.shared')]));

  // The text of an item as it is searched, kept because ten thousand of them are read at each letter typed.
  const text = (item, place) => {
    const key = place || 'all';
    if (!texts.has(key)) texts.set(key, new Map());
    const known = texts.get(key);
    if (!known.has(item)) {
      const parts = place ? Array.from(item.querySelectorAll(places[place])) : [item];
      known.set(item, parts.map((part) => part.textContent).join('\n').toLowerCase());
    }
    return known.get(item);
  };

  const apply = () => {
    const words = fields.q.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = selects.filter((name) => fields[name].value);
    let shown = 0;
    for (const item of items) {
      const fits = wanted.every((name) => item.dataset[name] === fields[name].value)
        && words.every((word) => [item, shared.get(item)].some((part) => part && text(part, fields.in?.value).includes(word)));
      item.hidden = !fits;
      if (fits) shown += 1;
    }
    for (const group of groups) group.hidden = !group.querySelector('article.change:not([hidden])');
    // Where only some of alike changes are shown, they are listed.
    for (const list of document.querySelectorAll('.members')) {
      if (list.querySelector('[hidden]') && !list.parentElement.hidden) list.open = true;
    }
    if (items.length === 1) {
      count.textContent = `${shown} of 1 ${what.slice(0, -1)} is shown.`;
    } else {
      count.textContent = shown === items.length
        ? `All ${shown} ${what} are shown.`
        : `${shown} of ${items.length} ${what} are shown.`;
    }
  };

  // The state of the filter stands in the address, so that a view can be passed on: #action=delete&q=sales
  const remember = () => {
    const state = new URLSearchParams();
    for (const name of names) if (fields[name].value) state.set(name, fields[name].value);
    const hash = state.toString();
    try {
      history.replaceState(null, '', hash ? `#${hash}` : location.pathname + location.search);
    } catch { /* some viewers give a file no history */ }
  };
  const recall = () => {
    if (!location.hash.includes('=')) return;
    const state = new URLSearchParams(location.hash.slice(1));
    for (const name of names) fields[name].value = state.get(name) ?? '';
    apply();
    document.getElementById(what).focus({ preventScroll: true });
    form.scrollIntoView();
  };

  let timer = 0;
  const changed = () => {
    clearTimeout(timer);
    timer = setTimeout(() => { apply(); remember(); }, 120);
  };
  const fold = (open) => {
    for (const fold of document.querySelectorAll('.change > details, .alike > details, .run details')) {
      if (!fold.closest('[hidden]')) fold.open = open;
    }
  };
  form.addEventListener('input', changed);
  form.addEventListener('reset', () => setTimeout(() => { apply(); remember(); }));
  form.addEventListener('submit', (event) => event.preventDefault());
  document.getElementById('unfold').addEventListener('click', () => fold(true));
  document.getElementById('fold').addEventListener('click', () => fold(false));
  window.addEventListener('hashchange', recall);

  form.hidden = false;
  apply();
  recall();
})();
