// How a browser names itself, as people call it: the browser and its system.

/** The first that matches: many claim to be several. */
const browsers: [RegExp, string][] = [
  [/\bEdgi?[A-Z]*\/(\d+)/, 'Edge'],
  [/\bOPR\/(\d+)/, 'Opera'],
  [/\bSamsungBrowser\/(\d+)/, 'Samsung Internet'],
  [/\bFxiOS\/(\d+)/, 'Firefox'],
  [/\bFirefox\/(\d+)/, 'Firefox'],
  [/\bHeadlessChrome\/(\d+)/, 'Chrome (headless)'],
  [/\bCriOS\/(\d+)/, 'Chrome'],
  [/\bChrom(?:e|ium)\/(\d+)/, 'Chrome'],
  [/\bVersion\/(\d+)[\d.]* (?:Mobile\/\S+ )?Safari\//, 'Safari'],
];

const systems: [RegExp, string][] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b|\bMacintosh\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b|\bX11\b/, 'Linux'],
];

export interface ClientName {
  browser: string;
  /** Empty: it does not say. */
  system: string;
}

const longest = 60;

/** A program that is no browser is called what it calls itself; null: it has no name. */
export function clientName(userAgent: string): ClientName | null {
  const system = systems.find(([pattern]) => pattern.test(userAgent))?.[1] ?? '';
  for (const [pattern, name] of browsers) {
    const version = pattern.exec(userAgent)?.[1];
    if (version !== undefined) return {browser: `${name} ${version}`, system};
  }
  const [program = ''] = userAgent.trim().split(' ');
  return program === '' ? null : {browser: program.slice(0, longest), system};
}
