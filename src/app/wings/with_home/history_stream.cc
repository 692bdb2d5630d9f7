// The operation "history": the answer to a request for series, produced chunk by chunk while it is
// taken. Memory does not grow with the answer: the next chunk is produced once the last one is
// taken, and between two chunks nothing of the archive is held.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/control/admin.h"
#include "app/control/local_socket.h"
#include "app/control/streams.h"
#include "app/operations/kinds.h"
#include "app/operations/run.h"
#include "app/operations/table.h"
#include "base/nearest.h"
#include "catalog/natures.h"
#include "catalog/readable_values.h"
#include "history/history_queries.h"
#include "own_api/history/series_answer.h"
#include "parameters/arguments.h"

namespace gridloom::app {
namespace {

using wire::JsonObject;

// The archive's thread for administration works for one answer at most this long at a time.
constexpr std::chrono::milliseconds kTurn{100};

constexpr std::array<std::string_view, 7> kWords = {"fields",    "from",   "to",    "step",
                                                    "aggregate", "format", "points"};

Result<history::SeriesRequest> request_of(const operations::Arguments& arguments,
                                          const time::Now& now,
                                          const history::SeriesLimits& limits) {
  std::array<std::string, kWords.size()> words{};
  for (std::size_t i = 0; i < kWords.size(); ++i) words.at(i) = arguments.text(kWords.at(i));
  return history::series_request({.fields = words[0],
                                  .from = words[1],
                                  .to = words[2],
                                  .step = words[3],
                                  .aggregate = words[4],
                                  .format = words[5],
                                  .points = words[6]},
                                 now, limits);
}

api::UnitOf units_with_decimals(const catalog::FamilyPtr& family) {
  return [family](std::string_view name) -> api::FieldUnit {
    const catalog::Field* field = family->field(name);
    if (field == nullptr) return {};
    return {.unit = field->unit, .scale = field->scale, .decimals = catalog::decimals_of(*field)};
  };
}

// Whether any device ever reported a field of this name. True as well: the archive is too busy to
// say.
bool may_be_reported(const history::Reads& reads, DeviceNumber device, const std::string& name) {
  bool is_found = false;
  history::DeviceVisit visit(device);
  const Status read =
      history::run_query(reads, history::kNoAccount, [&](history::Reader& reader) -> Result<bool> {
        const auto is_here = visit.enter(reader);
        if (is_here && *is_here) is_found = reader.names().find(name).has_value();
        return is_here;
      });
  return is_found || !read;
}

std::unexpected<Error> no_field(const catalog::Family& family, std::string_view serial,
                                const std::string& name) {
  const std::vector<std::string_view> natures = nature_words(family);
  if (!catalog::nature_of_word(name).empty()) {
    return fail(ErrorCode::kBadParams,
                fmt::format("{} does not measure {}{}", family.product, name,
                            natures.empty() ? "" : "; it has " + joined_or(natures)));
  }
  std::vector<std::string_view> known = natures;
  for (const catalog::Field& field : family.fields) known.emplace_back(field.name);
  const std::string meant = did_you_mean(name, known);
  return fail(ErrorCode::kBadParams,
              fmt::format("{} has no field \"{}\"{} `gridloom family show {}` lists the fields",
                          serial, wire::shortened(name), meant.empty() ? ";" : meant, family.id));
}

// Replaces words that each family has under its own name, "soc" and natures, by the family's
// fields. kBadParams: a name is neither such a word nor a field.
Result<std::vector<std::string>> named_fields(const std::vector<std::string>& asked,
                                              const catalog::Family& family,
                                              const registry::Device& device,
                                              const history::Reads& reads) {
  std::vector<std::string> names;
  for (const std::string& name : asked) {
    const bool is_own = name.starts_with('$') || name.ends_with('*');
    const auto fields = fields_of_word(family, name);
    if (is_own || family.field(name) != nullptr) {
      names.push_back(name);
      continue;
    }
    // Those of modules are patterns, of what the device itself reported.
    for (const catalog::Field* field : fields) names.push_back(field->name);
    if (!fields.empty()) continue;
    if (!may_be_reported(reads, device.number, name)) return no_field(family, device.sn, name);
    names.push_back(name);
  }
  return names;
}

Result<api::SeriesAnswer> answer_to(const operations::Context& context, const JsonObject& request) {
  const JsonObject parameters = operations::parameters_in(request);
  GL_TRY(const auto arguments,
         operations::Arguments::check(
             operations::taker_of(operations::operation(operations::kHistoryOp)), parameters));
  const std::string serial = arguments.text("sn");
  const auto directory = context.registry.directory();
  const registry::Device* device = directory->find_device(serial);
  if (device == nullptr) {
    return fail(ErrorCode::kNotFound, fmt::format("there is no device {}; `gridloom device list` "
                                                  "lists them",
                                                  wire::shortened(serial)));
  }
  GL_TRY(auto asked,
         request_of(arguments, {.at = context.clock.now(), .zone = context.zone}, context.series));
  const catalog::FamilyPtr family = context.catalog.of_serial(serial);
  GL_TRY(auto names, named_fields(asked.fields, *family, *device, context.history_reads()));
  asked.fields = std::move(names);
  return api::SeriesAnswer({.sn = serial,
                            .device = device->number,
                            .request = std::move(asked),
                            .limits = context.series,
                            .unit_of = units_with_decimals(family)});
}

// Works for one turn, or until a chunk is ready.
Status work(const history::Reads& reads, api::SeriesAnswer& answer, std::string& ready) {
  return history::run_query(
      reads, history::kNoAccount, [&](history::Reader& reader) -> Result<bool> {
        const auto until = std::chrono::steady_clock::now() + kTurn;
        const auto is_ready = [&] { return answer.done() || ready.size() >= kHistoryChunkBytes; };
        while (!is_ready() && !reader.is_elsewhere() && std::chrono::steady_clock::now() < until) {
          GL_TRY(answer.work(reader, ready));
        }
        return !reader.is_elsewhere();
      });
}

Status put(std::string_view ready, const OnChunk& on_chunk) {
  for (; !ready.empty(); ready.remove_prefix(std::min(ready.size(), kHistoryChunkBytes))) {
    Status taken = on_chunk(ready.substr(0, kHistoryChunkBytes));
    if (!taken) return taken;
  }
  return {};
}

}  // namespace

Status stream_history(const operations::Context& context, const JsonObject& request,
                      const OnChunk& on_chunk) {
  GL_TRY(auto answer, answer_to(context, request));
  std::string ready;
  while (!answer.done()) {
    GL_TRY(work(context.history_reads(), answer, ready));
    if (context.stop.stop_requested()) return fail(ErrorCode::kIo, "the server is stopping");
    const bool is_chunk = answer.done() || ready.size() >= kHistoryChunkBytes;
    GL_TRY(is_chunk ? put(ready, on_chunk) : on_chunk({}));
    if (is_chunk) ready.clear();
  }
  return {};
}

void send_history(const operations::Context& context, const JsonObject& request, int socket) {
  bool begun = false;
  const Status made = stream_history(context, request, [&](std::string_view chunk) -> Status {
    if (chunk.empty()) {
      return is_gone(socket) ? fail(ErrorCode::kIo, "the client is gone") : Status();
    }
    std::string frame;
    if (!std::exchange(begun, true)) frame = outcome_text(JsonObject()) + '\n';
    frame += fmt::format("{}\n", chunk.size());
    return send_all(socket, frame.append(chunk));
  });
  // A client that is gone gets nothing more: the error of sending says nothing new.
  if (made) {
    static_cast<void>(send_all(socket, "0\n"));
  } else if (begun) {
    static_cast<void>(send_all(socket, outcome_text(std::unexpected(made.error())) + '\n'));
  } else {
    static_cast<void>(send_all(socket, outcome_text(std::unexpected(made.error()))));
  }
}

}  // namespace gridloom::app
