#include "bridges/meter/eco_tracker.h"

#include <cmath>
#include <cstdint>

namespace gridloom::bridges::meter {
namespace {

// The device has whole watts.
std::int64_t watts(double value) { return std::llround(value); }
double watt_hours(double value) { return std::round(value * 10) / 10; }

}  // namespace

wire::JsonObject eco_tracker_document(const Reading& reading) {
  wire::JsonObject document{{"power", watts(reading.power_w)},
                            {"powerAvg", watts(reading.average_w)},
                            {"energyCounterIn", watt_hours(reading.in_wh)},
                            {"energyCounterOut", watt_hours(reading.out_wh)}};
  if (reading.phases_w) {
    document["powerPhase1"] = watts((*reading.phases_w)[0]);
    document["powerPhase2"] = watts((*reading.phases_w)[1]);
    document["powerPhase3"] = watts((*reading.phases_w)[2]);
  }
  return document;
}

}  // namespace gridloom::bridges::meter
