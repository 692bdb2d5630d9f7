// A browser keeps some settings of the page. In another page's frame, or where its user forbids it,
// it keeps nothing, and says so by an error: then they hold until the page is closed.

export function kept(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

/** Keeps a text; null takes it away. */
export function keep(name: string, text: string | null): void {
  try {
    if (text === null) localStorage.removeItem(name);
    else localStorage.setItem(name, text);
  } catch {
    // Nothing is kept.
  }
}
