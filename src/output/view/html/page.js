(() => {
  'use strict';
  const form = document.getElementById('filter');
  if (!form) return;
  const fields = form.elements;
  const selects = ['action', 'account', 'kind'];
  const names = ['q', 'in', ...selects];
  const places = { address: '.address', before: '.before', after: '.after' };
  const changes = Array.from(document.querySelectorAll('article.change'));
  const groups = Array.from(document.querySelectorAll('section.group, .alike'));
  const count = document.getElementById('count');
  const texts = new Map();

  // What alike changes share is in each of them. It is in the page once.
  const shared = new Map(changes.map((change) => [change, change.closest('.alike')?.querySelector('.shared')]));

  // The text of a change as it is searched, kept because ten thousand of them are read at each letter typed.
  const text = (change, place) => {
    const key = place || 'all';
    if (!texts.has(key)) texts.set(key, new Map());
    const known = texts.get(key);
    if (!known.has(change)) {
      const parts = place ? Array.from(change.querySelectorAll(places[place])) : [change];
      known.set(change, parts.map((part) => part.textContent).join('\n').toLowerCase());
    }
    return known.get(change);
  };

  const apply = () => {
    const words = fields.q.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = selects.filter((name) => fields[name].value);
    let shown = 0;
    for (const change of changes) {
      const fits = wanted.every((name) => change.dataset[name] === fields[name].value)
        && words.every((word) => [change, shared.get(change)].some((part) => part && text(part, fields.in.value).includes(word)));
      change.hidden = !fits;
      if (fits) shown += 1;
    }
    for (const group of groups) group.hidden = !group.querySelector('article.change:not([hidden])');
    // Where only some of alike changes are shown, they are listed.
    for (const list of document.querySelectorAll('.members')) {
      if (list.querySelector('[hidden]') && !list.parentElement.hidden) list.open = true;
    }
    count.textContent = shown === changes.length
      ? `All ${shown} changes are shown.`
      : `${shown} of ${changes.length} changes are shown.`;
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
    document.getElementById('changes').focus({ preventScroll: true });
    form.scrollIntoView();
  };

  let timer = 0;
  const changed = () => {
    clearTimeout(timer);
    timer = setTimeout(() => { apply(); remember(); }, 120);
  };
  const fold = (open) => {
    for (const fold of document.querySelectorAll('.change > details, .alike > details')) {
      if (!fold.closest('[hidden]')) fold.open = open;
    }
  };
  form.addEventListener('input', changed);
  form.addEventListener('reset', () => setTimeout(() => { apply(); remember(); }));
  form.addEventListener('submit', (event) => event.preventDefault());
  document.getElementById('unfold').addEventListener('click', () => fold(true));
  document.getElementById('fold').addEventListener('click', () => fold(false));
  window.addEventListener('hashchange', recall);

  // Paper has no folds.
  let folded = [];
  window.addEventListener('beforeprint', () => {
    folded = Array.from(document.querySelectorAll('details:not([open])'));
    for (const fold of folded) fold.open = true;
  });
  window.addEventListener('afterprint', () => { for (const fold of folded) fold.open = false; });

  form.hidden = false;
  apply();
  recall();
})();
