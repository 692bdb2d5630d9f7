// The operation device.energy.
#include <array>
#include <cstddef>
#include <string_view>

#include "app/operations/context.h"
#include "app/operations/kinds.h"
#include "history/energy/energy_sources.h"
#include "history/energy_query.h"
#include "history/history_queries.h"
#include "own_api/history/energy.h"
#include "parameters/arguments.h"

namespace gridloom::operations {
namespace {

using wire::Json;

constexpr std::size_t kMaxAnswer = std::size_t{64} * 1024 * 1024;  // bytes
constexpr std::size_t kMaxMembers = 10'000'000;

Result<Json> read_device_energy(const Context& context, const Arguments& arguments) {
  GL_TRY(const auto target, target_of(context, arguments));
  GL_TRY(const auto question,
         api::parse_energy_request(arguments.given(),
                                   {.at = context.clock.now(), .zone = context.zone}));
  history::EnergyQuery query(
      {.device = target.number,
       .sources = history::EnergySources(*context.catalog.of_serial(target.sn)),
       .bounds = question.bounds});
  GL_TRY(history::run_query(
      context.history_reads(), history::kNoAccount, [&](history::Reader& reader) -> Result<bool> {
        if (context.stop.stop_requested()) return fail(ErrorCode::kIo, "the server is stopping");
        for (const history::Slice slice(reader); !query.done() && !slice.over();) {
          GL_TRY(query.work(reader));
        }
        return query.done();
      }));
  return wire::parse_json(api::energy_response(target.sn, question, query),
                          {.bytes = kMaxAnswer, .keys = kMaxMembers});
}

constexpr auto kPeriods = std::to_array<std::string_view>({"day", "week", "month", "year"});
constexpr std::array kEnergyParameters = {
    kDeviceParameter,
    Parameter{.name = "period",
              .text = "day, week, month or year; day if it is left out",
              .type = Type::kChoice,
              .values = kPeriods},
    Parameter{.name = "from", .text = "Begin: a day, a time in ISO 8601, or back from now as -7d"},
    Parameter{.name = "to", .text = "End, written as from; it does not belong to the span"},
};

constexpr std::array kEnergyOperations = {
    Operation{.name = kEnergyOp,
              .text = "Shows the energies of a device by hour, day, week, month or year",
              .parameters = kEnergyParameters,
              .audit = kChangesNothing,
              .function = read_device_energy,
              .access = Access::kOwner,
              .timing = Timing::kWaits},
};
static_assert(are_complete(kEnergyOperations));

}  // namespace

std::span<const Operation> energy_operations() { return kEnergyOperations; }

}  // namespace gridloom::operations
