export function DevicePage() { return <p>device</p>; }
