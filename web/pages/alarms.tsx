export function AlarmsPage() { return <p>alarms</p>; }
