// Comfort only: every page works without it.
(() => {
  'use strict';
  const all = (selector, act) => document.querySelectorAll(selector).forEach(act);

  // WeCom's panel takes the place of the source's button.
  all('[data-panel]', box => {
    const size = matchMedia('(min-width: 36em)').matches ? 'middle' : 'small';
    const frame = document.createElement('iframe');
    frame.sandbox = 'allow-top-navigation allow-scripts allow-same-origin allow-forms';
    frame.referrerPolicy = 'origin';
    frame.allow = 'local-network-access';
    frame.title = box.dataset.title;
    frame.className = size;
    frame.src = box.dataset.panel + '&panel_size=' + size;
    all('.panel a', link => { link.hidden = !link.hidden; });
    box.prepend(frame);
  });

  all('[data-copy]', button => {
    const { copy, copied } = button.dataset, label = button.textContent;
    button.hidden = false;
    button.onclick = async () => {
      try {
        await navigator.clipboard.writeText(copy);
      } catch {
        const field = document.createElement('textarea');
        field.value = copy;
        button.after(field);
        field.select();
        document.execCommand('copy');
        field.remove();
      }
      button.textContent = copied;
      setTimeout(() => { button.textContent = label; }, 2000);
    };
  });

  // The server does not know the reader's clock.
  const when = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: 'medium', timeStyle: 'short' });
  all('time', time => { time.textContent = when.format(new Date(time.dateTime)); });

  // A second click within five seconds is a double click.
  const free = box => { delete box.dataset.busy; };
  all('[data-once]', box => box.addEventListener(box.action ? 'submit' : 'click', event => {
    if ('busy' in box.dataset) return event.preventDefault();
    box.dataset.busy = '';
    setTimeout(free, 5000, box);
  }));
  addEventListener('pageshow', () => all('[data-busy]', free));

  // Another device decides: the form goes on when it has.
  all('[data-poll]', form => {
    const timer = setInterval(async () => {
      const answer = await fetch(form.dataset.poll).catch(() => null);
      if (!answer || answer.status === 204 || answer.status > 499) return;
      clearInterval(timer);
      if (answer.ok) form.requestSubmit();
    }, 2000);
  });

  // A logo that does not load gives way to what is below it.
  all('img', image => image.decode().catch(() => image.remove()));

  // The answer for the window that opened this one, and for nobody else. If a page on the way cut that
  // window off, or it has left, the app's own page takes it.
  all('[data-message]', ({ dataset, href }) => {
    const framed = parent !== self, window = framed ? parent : opener;
    if (window) window.postMessage(JSON.parse(dataset.message), dataset.origin);
    // Who got it closes this window.
    if (!framed) setTimeout(() => location.replace(href), window ? 3000 : 0);
  });

  if (performance.getEntriesByType('navigation')[0]?.type !== 'back_forward')
    all('[data-auto]', box => box.action ? box.requestSubmit() : location.replace(box.href));
})();
