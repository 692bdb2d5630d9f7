#include "with_lab/last_states.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdint>
#include <latch>
#include <limits>
#include <optional>
#include <ranges>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "app/operations/virtual_state.h"
#include "base/loop.h"
#include "history/blocks/block.h"
#include "history/history_queries.h"
#include "history/reader.h"
#include "hub/hub.h"
#include "journal/journal.h"
#include "parameters/arguments.h"

namespace gridloom::operations {
namespace {

namespace fs = std::filesystem;
using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

// ---- the time of the last report

// The times of a block's rows that the device reported, in contrast to those of the platform.
Result<std::optional<std::int64_t>> last_report_in(const history::Block& block,
                                                   const history::FieldNames& names) {
  std::vector<std::int64_t> times;
  GL_TRY(block.times(times));
  std::vector<history::Block::Timed> own;
  for (const history::FieldId field : block.fields()) {
    if (!journal::is_own(names.name_of(field))) continue;
    GL_TRY(block.values(field, own));
  }
  // A report may have come in the millisecond of one of the platform's rows.
  std::multiset<std::int64_t> of_platform;
  for (const history::Block::Timed& value : own) of_platform.insert(value.at_ms);
  for (const std::int64_t at_ms : times | std::views::reverse) {
    const auto found = of_platform.find(at_ms);
    if (found == of_platform.end()) return at_ms;
    of_platform.erase(found);
  }
  return std::nullopt;
}

Result<std::optional<TimePoint>> last_report_at(history::Reader& reader, DeviceNumber device) {
  constexpr int kMostHours = 3;  // hours may have rows of the platform alone
  std::int64_t before = std::numeric_limits<std::int64_t>::max();
  for (int tries = 0; tries < kMostHours; ++tries) {
    GL_TRY(const auto hour, reader.hour_before(device, before));
    if (!hour) break;
    before = *hour;
    std::optional<std::int64_t> last_ms;
    GL_TRY(reader.each_block(device, before, before + 1,
                             [&](std::int64_t /*hour*/, const history::Block& block) -> Status {
                               GL_TRY(const auto in_block, last_report_in(block, reader.names()));
                               if (in_block)
                                 last_ms = std::max(last_ms.value_or(*in_block), *in_block);
                               return {};
                             }));
    if (last_ms) return TimePoint(Millis(*last_ms));
  }
  return std::nullopt;
}

// Without the times of damaged history the devices resume as if no time had passed.
void add_times(const Context& context, const std::vector<std::string>& sns,
               std::vector<std::shared_ptr<sim::LastState>>& states) {
  const auto directory = context.registry.directory();
  std::size_t next = 0;
  const Status read = history::run_query(
      context.history_reads(), history::kNoAccount, [&](history::Reader& reader) -> Result<bool> {
        for (; next < sns.size(); ++next) {
          const registry::Device* device = directory->find_device(sns[next]);
          if (!states[next] || device == nullptr) continue;
          const auto is_here = history::DeviceVisit(device->number).enter(reader);
          if (is_here && !*is_here) return false;
          const auto at =
              is_here ? last_report_at(reader, device->number) : std::unexpected(is_here.error());
          if (at) {
            states[next]->at = *at;
          } else {
            spdlog::warn("{}: the time of its last report cannot be read: {}", sns[next],
                         at.error().detail);
          }
        }
        return true;
      });
  if (!read) spdlog::warn("the times of last reports cannot be read: {}", read.error().detail);
}

// ---- the values

std::vector<std::string> saved_twins(hub::Hub& hub, const std::vector<std::string>& sns) {
  std::vector<std::string> saved(sns.size());
  std::latch all(static_cast<std::ptrdiff_t>(sns.size()));
  ImmediateLoop loop;
  for (std::size_t i = 0; i < sns.size(); ++i) {
    hub.saved_state().save_twin(
        sns[i], {.loop = &loop, .done = [&, i](const Result<hub::DeviceAnswer>& answer) {
                   if (answer) saved[i] = std::string_view(answer->text);
                   all.count_down();
                 }});
  }
  all.wait();
  return saved;
}

// The values of Twin::save(): {"quotas":[[name, JSON text], ...]}.
JsonObject values_in(std::string_view saved) {
  JsonObject values;
  const auto twin = wire::parse_json(saved, {.bytes = saved.size()});
  const Json* quotas = twin ? wire::member(*twin, "quotas") : nullptr;
  const JsonArray* list = quotas == nullptr ? nullptr : quotas->if_array();
  if (list == nullptr) return values;
  for (const Json& quota : *list) {
    const std::string_view text = quota.as_array().at(1).as_string();
    auto value = wire::parse_json(text, {.bytes = text.size(), .keys = text.size()});
    if (value) values[quota.as_array().at(0).as_string()] = std::move(*value);
  }
  return values;
}

// kIo: the file cannot be read now, which is no reason to begin anew and replace it.
Result<JsonObject> kept_unreported(const fs::path& data, std::string_view sn) {
  auto kept = read_virtual_state(virtual_state_path(data, sn));
  if (kept || kept.error().code == ErrorCode::kIo) return kept;
  if (kept.error().code != ErrorCode::kNotFound) {
    spdlog::warn("{}: its settings that no report shows have their initial values: {}", sn,
                 kept.error().detail);
  }
  return JsonObject();
}

}  // namespace

Result<std::vector<std::shared_ptr<sim::LastState>>> last_states(
    const Context& context, const std::vector<std::string>& sns) {
  if (context.hub == nullptr) {
    return fail(ErrorCode::kConflict, "no server runs on this data folder");
  }
  if (sns.size() > kMaxStatesAtOnce) {
    return fail(ErrorCode::kBadParams,
                fmt::format("sns has {} serial numbers: at most {}", sns.size(), kMaxStatesAtOnce));
  }
  const std::vector<std::string> saved = saved_twins(*context.hub, sns);
  std::vector<std::shared_ptr<sim::LastState>> states(sns.size());
  for (std::size_t i = 0; i < sns.size(); ++i) {
    JsonObject values = values_in(saved[i]);
    if (values.empty()) {
      // The file is of a former device of this serial number.
      std::error_code ignored;
      fs::remove(virtual_state_path(context.data, sns[i]), ignored);
      continue;
    }
    GL_TRY(auto unreported, kept_unreported(context.data, sns[i]));
    states[i] = std::make_shared<sim::LastState>(
        sim::LastState{.reported = std::move(values), .unreported = std::move(unreported)});
  }
  add_times(context, sns, states);
  return states;
}

Result<Json> read_last_states(const Context& context, const Arguments& arguments) {
  GL_TRY(auto states, last_states(context, arguments.texts("sns")));
  JsonArray rows;
  for (const auto& state : states) {
    if (!state) {
      rows.emplace_back(nullptr);
      continue;
    }
    JsonObject row{{"reported", std::move(state->reported)},
                   {"unreported", std::move(state->unreported)}};
    if (state->at) row["at"] = unix_ms(*state->at);
    rows.emplace_back(std::move(row));
  }
  return Json(std::move(rows));
}

std::shared_ptr<sim::LastState> last_state_in(const Json& row) {
  const auto object_in = [&](std::string_view name) {
    const Json* found = wire::member(row, name);
    return found != nullptr && found->is_object() ? found->get_object() : JsonObject();
  };
  if (!row.is_object()) return nullptr;
  auto state = std::make_shared<sim::LastState>();
  state->reported = object_in("reported");
  state->unreported = object_in("unreported");
  if (const auto at = wire::whole_in(row, "at")) state->at = TimePoint(Millis(*at));
  return state;
}

void keep_unreported(const fs::path& data, const std::string& sn, const JsonObject& unreported) {
  if (const Status done = write_virtual_state(data, sn, unreported); !done) {
    spdlog::error("{}: its settings will not outlive a restart: {}", sn, done.error().detail);
  }
}

}  // namespace gridloom::operations
