// Whether this browser has signed in here: without that the page need not ask who it is, which the
// server would refuse. It is a cookie beside that of the session, which no script can read: both
// are the same on all ports of a host. It grants nothing.

const name = 'gridloom-signed-in';
/** A session ends after 180 days at the latest. */
const longest_s = 180 * 86_400;

export const hasSignedIn = () =>
  document.cookie.split('; ').some((cookie) => cookie === `${name}=1`);

export function noteSignedIn(is: boolean): void {
  const age_s = is ? longest_s : 0;
  // biome-ignore lint/suspicious/noDocumentCookie: browsers of 2022 have no other way.
  document.cookie = `${name}=1; Path=/; SameSite=Strict; Max-Age=${age_s}`;
}
