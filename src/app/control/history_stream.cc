#include "app/control/history_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <semaphore>
#include <string>
#include <utility>

#include "app/control/local_socket.h"
#include "http/series_answer.h"

namespace gridloom::app {
namespace {

using wire::Json;
using wire::JsonObject;

// The archive's thread for administration works for one answer at most this long at a time.
constexpr std::chrono::milliseconds kTurn{100};

constexpr std::array<std::string_view, 7> kWords = {"fields",    "from",   "to",    "step",
                                                    "aggregate", "format", "points"};

Result<history::SeriesRequest> request_of(const JsonObject& request, const time::Now& now,
                                          const history::SeriesLimits& limits) {
  std::array<std::string_view, kWords.size()> words{};
  for (std::size_t i = 0; i < kWords.size(); ++i) {
    const Json* value = request.if_contains(kWords.at(i));
    if (value != nullptr && value->is_string()) words.at(i) = value->get_string();
  }
  return history::series_request({.fields = words[0],
                                  .from = words[1],
                                  .to = words[2],
                                  .step = words[3],
                                  .aggregate = words[4],
                                  .format = words[5],
                                  .points = words[6]},
                                 now, limits);
}

Result<http::SeriesAnswer> answer_to(const AdminContext& context, const JsonObject& request) {
  const Json* sn = request.if_contains("sn");
  if (sn == nullptr || !sn->is_string()) return fail(ErrorCode::kBadParams, "sn is missing");
  const std::string serial(sn->get_string());
  const auto directory = context.registry.directory();
  const registry::Device* device = directory->find_device(serial);
  if (device == nullptr) {
    return fail(ErrorCode::kNotFound, fmt::format("there is no device {}; `gridloom device list` "
                                                  "lists them",
                                                  wire::shortened(serial)));
  }
  auto asked =
      request_of(request, {.at = context.clock.now(), .zone = context.zone}, context.series);
  if (!asked) return std::unexpected(asked.error());
  const catalog::FamilyPtr family = context.catalog.of_serial(serial);
  return http::SeriesAnswer({.sn = serial,
                             .device = device->number,
                             .request = std::move(*asked),
                             .limits = context.series,
                             .unit_of = http::units_of(context.catalog.of_serial(serial))});
}

// Works for one turn, or until a chunk is ready.
Status work(history::Archive& archive, http::SeriesAnswer& answer, std::string& ready) {
  Status good;
  std::binary_semaphore ended(0);
  const bool taken = archive.read([&](history::Reader& reader) {
    const auto until = std::chrono::steady_clock::now() + kTurn;
    while (good && !answer.done() && ready.size() < kHistoryChunkBytes &&
           std::chrono::steady_clock::now() < until) {
      good = answer.work(reader, ready);
    }
    ended.release();
  });
  if (!taken)
    return fail(ErrorCode::kConflict, "too many requests for history are waiting: try again later");
  ended.acquire();
  return good;
}

Status put(std::string_view ready, const OnChunk& on_chunk) {
  for (; !ready.empty(); ready.remove_prefix(std::min(ready.size(), kHistoryChunkBytes))) {
    Status taken = on_chunk(ready.substr(0, kHistoryChunkBytes));
    if (!taken) return taken;
  }
  return {};
}

}  // namespace

Status stream_history(const AdminContext& context, const JsonObject& request,
                      const OnChunk& on_chunk) {
  auto answer = answer_to(context, request);
  if (!answer) return std::unexpected(std::move(answer.error()));
  std::string ready;
  while (!answer->done()) {
    if (Status worked = work(context.archive, *answer, ready); !worked) return worked;
    if (context.stop.stop_requested()) return fail(ErrorCode::kIo, "the server is stopping");
    const bool is_chunk = answer->done() || ready.size() >= kHistoryChunkBytes;
    if (Status taken = is_chunk ? put(ready, on_chunk) : on_chunk({}); !taken) return taken;
    if (is_chunk) ready.clear();
  }
  return {};
}

void send_history(const AdminContext& context, const JsonObject& request, int socket) {
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
