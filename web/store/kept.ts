// What a browser keeps for the page. In another page's frame it may keep nothing, and says so by an
// error.

export function kept(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}
