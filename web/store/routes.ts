// The URL is the state: a path for the page, a query for what it shows.
import {computed, signal} from '@preact/signals';

/** The part of a window that routes need. */
export interface View {
  location: Pick<Location, 'pathname' | 'search'>;
  history: Pick<History, 'pushState' | 'replaceState'>;
  scrollTo: (x: number, y: number) => void;
}

export class Router {
  private readonly address = signal('/');
  readonly path = computed(() => this.address.value.split('?')[0] ?? '/');
  readonly query = computed(() => new URLSearchParams(this.address.value.split('?')[1] ?? ''));
  /** A card alone, perhaps in another page's frame. */
  readonly embedded = computed(() => this.query.value.has('embed'));
  /** Shown without navigation, in a frame or on a wall. */
  readonly bare = computed(() => this.embedded.value || this.path.value === '/wall');

  private view: View | null = null;
  private arriving = false;

  /** Takes the address from a view, which is told of changes from now on. */
  attach(view: View): void {
    this.view = view;
    this.address.value = view.location.pathname + view.location.search;
  }

  /** Reads the view's address anew: the user went back, or a link was followed. */
  arrive(): void {
    if (!this.view) return;
    const before = this.path.peek();
    this.address.value = this.view.location.pathname + this.view.location.search;
    if (this.path.peek() !== before) this.arriving = true;
  }

  navigate(to: string, replace = false): void {
    if (replace) this.view?.history.replaceState(null, '', to);
    else this.view?.history.pushState(null, '', to);
    this.arrive();
  }

  /** Changes parts of the query; null takes one away. */
  setQuery(parts: Record<string, string | null>, replace = true): void {
    const next = new URLSearchParams(this.query.value);
    for (const [name, value] of Object.entries(parts)) {
      if (value === null) next.delete(name);
      else next.set(name, value);
    }
    const text = next.toString();
    this.navigate(this.path.value + (text ? `?${text}` : ''), replace);
  }

  /** The ref of a page's heading: a new page is announced by it. The first page leaves the focus. */
  announce(heading: Pick<HTMLElement, 'focus'> | null): void {
    if (!heading || !this.arriving) return;
    this.arriving = false;
    this.view?.scrollTo(0, 0);
    heading.focus({preventScroll: true});
  }
}

/** A part of a path as it is meant; null: it is no text. */
export function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

/** The path of a device's page. */
export const devicePath = (sn: string) => `/d/${encodeURIComponent(sn)}`;

/** The path of a family's page. */
export const familyPath = (id: string) => `/families/${encodeURIComponent(id)}`;

const router = new Router();

/** What the page is called, in front of the product's name. */
export const pageTitle = signal('');

export const {path, query, bare, embedded} = router;
export const titleRef = (heading: HTMLElement | null) => router.announce(heading);
export const navigate = (to: string, replace?: boolean) => router.navigate(to, replace);
export const setQuery = (parts: Record<string, string | null>, replace?: boolean) =>
  router.setQuery(parts, replace);

/** Makes the window's address the page's state, and its links steps within the page. */
export function followAddress(): void {
  router.attach(window);
  addEventListener('popstate', () => router.arrive());
  addEventListener('click', (event) => {
    const to = linkWithin(event);
    if (to === null) return;
    if (embedded.peek()) {
      // A frame has one card; the page itself is not for frames.
      event.preventDefault();
      open(to, '_blank', 'noopener');
      return;
    }
    event.preventDefault();
    navigate(to);
  });
}

/** The path that a click on a link leads to, if the page is to follow it and not the browser. */
function linkWithin(event: MouseEvent): string | null {
  const link = event.target instanceof Element ? event.target.closest('a[href^="/"]') : null;
  if (!link || event.defaultPrevented || event.button !== 0) return null;
  if (event.metaKey || event.ctrlKey || event.shiftKey || link.hasAttribute('download')) {
    return null;
  }
  return link.getAttribute('href');
}
