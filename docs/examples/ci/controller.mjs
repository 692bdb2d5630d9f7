// The program under test: asks a PowerStream for 200 W while its battery is well, and for nothing
// while it is not.
export async function control(device, { tries = 3 } = {}) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const all = await device.getProperties();
      const well = all['20_1.batErrCode'] === 0 && all['20_1.batSoc'] > 20;
      const deciwatts = well ? 2000 : 0;
      if (all['20_1.permanentWatts'] !== deciwatts) await device.setCustomLoadPower(deciwatts);
      return deciwatts / 10;
    } catch (error) {
      if (attempt === tries) throw error;
    }
  }
}
