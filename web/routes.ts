// The URL is the state: a path for the page, a query for what it shows.
import {computed, signal} from '@preact/signals';

const place = signal(location.pathname + location.search);

export const path = computed(() => place.value.split('?')[0] ?? '/');
export const query = computed(() => new URLSearchParams(place.value.split('?')[1] ?? ''));

/** Shown without navigation, in a frame or on a wall. */
export const bare = computed(() => query.value.has('embed') || path.value === '/wall');

let arriving = false;

/** The ref of a page's heading: a new page is announced by it. The first page leaves the focus. */
export function titleRef(heading: HTMLElement | null): void {
  if (!heading || !arriving) return;
  arriving = false;
  scrollTo(0, 0);
  heading.focus({preventScroll: true});
}

function arrive(): void {
  const before = path.peek();
  place.value = location.pathname + location.search;
  if (path.peek() !== before) arriving = true;
}

export function navigate(to: string, replace = false): void {
  if (replace) history.replaceState(null, '', to);
  else history.pushState(null, '', to);
  arrive();
}

/** Changes parts of the query; null takes one away. */
export function setQuery(parts: Record<string, string | null>, replace = true): void {
  const next = new URLSearchParams(query.value);
  for (const [name, value] of Object.entries(parts)) {
    if (value === null) next.delete(name);
    else next.set(name, value);
  }
  const text = next.toString();
  navigate(path.value + (text ? `?${text}` : ''), replace);
}

addEventListener('popstate', arrive);

addEventListener('click', (event) => {
  const link = (event.target as Element | null)?.closest?.('a[href^="/"]');
  if (!link || event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || link.hasAttribute('download')) return;
  event.preventDefault();
  navigate(link.getAttribute('href') ?? '/');
});
