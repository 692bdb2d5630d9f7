// A browser keeps some settings of the page, and a tab what was typed into it. In another page's
// frame, or where its user forbids it, it keeps nothing, and says so by an error: then they hold
// until the page is closed.

/** Kept by the browser for good, or by the tab until it is closed. */
type Keeper = 'browser' | 'tab';

const storageOf = (keeper: Keeper) => (keeper === 'browser' ? localStorage : sessionStorage);

export function kept(name: string, by: Keeper = 'browser'): string | null {
  try {
    return storageOf(by).getItem(name);
  } catch {
    return null;
  }
}

/** Keeps a text; null takes it away. */
export function keep(name: string, text: string | null, by: Keeper = 'browser'): void {
  try {
    if (text === null) storageOf(by).removeItem(name);
    else storageOf(by).setItem(name, text);
  } catch {
    // Nothing is kept.
  }
}

export function keptNames(by: Keeper): string[] {
  try {
    return Object.keys(storageOf(by));
  } catch {
    return [];
  }
}
