// Whether this browser has signed in here: without that the page need not ask who it is, which the
// server would refuse. It is a cookie beside that of the session, which no script can read: both
// hold for all ports of a host. It grants nothing, and stays when a session has ended: another
// server of this host may have one.

const name = 'gridloom-signed-in';
/** A session ends after 180 days at the latest. */
const longest_s = 180 * 86_400;

export const hasSignedIn = () =>
  document.cookie.split('; ').some((cookie) => cookie === `${name}=1`);

export function noteSignedIn(): void {
  // biome-ignore lint/suspicious/noDocumentCookie: browsers of 2022 have no other way.
  document.cookie = `${name}=1; Path=/; SameSite=Strict; Max-Age=${longest_s}`;
}
