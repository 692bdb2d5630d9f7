// Fuzz target: whatever a source publishes, what a meter shows of it is JSON with the power in it.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "bridges/meter/documents.h"
#include "bridges/meter/energy_count.h"
#include "bridges/meter/power_source.h"
#include "catalog/plausible.h"

using namespace gridloom;
using namespace gridloom::bridges::meter;

// NOLINTNEXTLINE(readability-identifier-naming): the name belongs to libFuzzer
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string text(data + 1, data + size);
  const auto number = number_in_message(text, data[0] % 2 == 0 ? "" : "a.power");
  if (!number || !catalog::is_plausible_power(*number)) return 0;
  EnergyCount count{{}};
  count.add(*number, EnergyCount::kLongestSpan);
  const auto stored = parse_stored(to_text(*count.to_store()));
  if (!stored) std::abort();
  count.stored(*stored);
  const Energies shown = count.shown();
  const Reading reading{
      .power_w = *number, .average_w = *number, .in_wh = shown.in_wh, .out_wh = shown.out_wh};
  const wire::JsonObject document = eco_tracker_document(reading);
  const auto power = wire::whole_in(document, "power");
  if (!power || std::abs(static_cast<double>(*power) - *number) > 0.5) std::abort();
  const auto status = Shelly("aabbccddeeff").call("Shelly.GetStatus", 0, reading);
  if (!status || !wire::parse_json(wire::to_text(*status))) std::abort();
  return 0;
}
