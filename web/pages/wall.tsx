export function WallPage() { return <p>wall</p>; }
