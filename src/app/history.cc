#include "app/history.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <semaphore>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "http/series_answer.h"

namespace gridloom::app {
namespace {

using wire::Json;
using wire::JsonObject;

// The text is sent as a JSON string in a message of the admin socket.
constexpr std::size_t kMostText = std::size_t{24} * 1024 * 1024;

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

Result<std::string> whole_text(const AdminContext& context, http::SeriesAnswer answer) {
  Result<std::string> text;
  std::binary_semaphore ended(0);
  const bool taken = context.archive.read([&](history::Reader& reader) {
    Status good;
    while (good && !answer.done() && text->size() <= kMostText) good = answer.work(reader, *text);
    if (!good) text = std::unexpected(good.error());
    ended.release();
  });
  if (!taken) {
    return fail(ErrorCode::kConflict, "too many requests for history are waiting: try again later");
  }
  ended.acquire();
  if (text && text->size() > kMostText) {
    return fail(ErrorCode::kBadParams,
                fmt::format("the answer is larger than {} MB: request a step, a shorter span or "
                            "fewer fields, or use the HTTP API",
                            kMostText / 1024 / 1024));
  }
  return text;
}

}  // namespace

Result<Json> read_history(const AdminContext& context, const JsonObject& request) {
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
  const auto text = whole_text(
      context, http::SeriesAnswer({.sn = serial,
                                   .device = device->number,
                                   .request = std::move(*asked),
                                   .limits = context.series,
                                   .unit_of = http::units_of(context.catalog.of_serial(serial))}));
  if (!text) return std::unexpected(text.error());
  return JsonObject{{"text", *text}};
}

}  // namespace gridloom::app
