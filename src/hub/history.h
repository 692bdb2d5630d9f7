// The list of quota/data, from a twin's energy sums and the formulas in the device file.
#pragma once

#include <string>

#include "catalog/family.h"
#include "twin/twin.h"

namespace gridloom::hub {

// [{"indexName":"From Solar","indexValue":32.27,"unit":"kWh"}, ...] (document 003, "Historical
// data").
[[nodiscard]] std::string history_list(const catalog::History& history,
                                       const twin::Twin::Energies& wh);

}  // namespace gridloom::hub
