#include "http/history_api.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "history/energy_query.h"
#include "http/energy.h"
#include "http/params.h"
#include "http/quota_data.h"
#include "http/series_body.h"
#include "hub/credentials.h"

namespace gridloom::http {
namespace {

constexpr std::string_view kDevices = "/api/v1/devices/";

// Runs the query slice by slice; at the end `text_of` formats the response's data.
template <typename TextOf>
auto answer_of(history::EnergyQuery query, const TraceId& trace_id, TextOf text_of) {
  return [query = std::move(query), trace_id, text_of = std::move(text_of)](
             history::Reader& reader) mutable -> std::optional<Response> {
    for (const history::Slice slice; !query.done() && !slice.over();) {
      if (Status worked = query.work(reader); !worked) return failure(worked.error(), trace_id);
    }
    if (!query.done()) return std::nullopt;
    return success(text_of(query), trace_id);
  };
}

}  // namespace

std::span<const HistoryApi::Question> HistoryApi::table() {
  static constexpr std::array kQuestions = {
      Question{.what = "energy", .verb = &HistoryApi::energy},
      Question{.what = "history", .verb = &HistoryApi::series},
  };
  return kQuestions;
}

const HistoryApi::Question* HistoryApi::find(std::string_view what) {
  const auto found = std::ranges::find(table(), what, &Question::what);
  return found == table().end() ? nullptr : &*found;
}

std::vector<std::string_view> HistoryApi::resources() {
  std::vector<std::string_view> all;
  for (const Question& question : table()) all.push_back(question.what);
  return all;
}

std::optional<DevicePath> device_path(std::string_view path) {
  if (!path.starts_with(kDevices)) return std::nullopt;
  path.remove_prefix(kDevices.size());
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos || slash == 0) return std::nullopt;
  const DevicePath found{.sn = path.substr(0, slash), .what = path.substr(slash + 1)};
  if (HistoryApi::find(found.what) == nullptr) return std::nullopt;
  return found;
}

void HistoryApi::device_resource(const DevicePath& path, Call call) const {
  (this->*find(path.what)->verb)(std::string(path.sn), std::move(call));
}

Result<HistoryApi::Readable> HistoryApi::readable(registry::AccountId account,
                                                  const std::string& sn) const {
  const auto directory = options_.platform->registry.directory();
  const auto device = hub::permitted_device(*directory, account, sn, registry::Rights::kMonitor);
  if (!device) return std::unexpected(device.error());
  return Readable{.number = (*device)->number, .family = options_.platform->catalog->of_serial(sn)};
}

time::Now HistoryApi::now() const {
  return {.at = options_.platform->clock.now(), .zone = options_.platform->zone};
}

void HistoryApi::read(Call call, Answer answer) const {
  auto done = std::make_shared<Callback<Response>>(std::move(call.done));
  auto step = [done, loop = options_.loop,
               answer = std::move(answer)](history::Reader& reader) mutable {
    auto response = answer(reader);
    if (!response) return history::Progress::kMore;
    loop->post([done = std::move(done), response = std::move(*response)]() mutable {
      (*done)(std::move(response));
    });
    return history::Progress::kDone;
  };
  const bool taken = options_.reads && options_.reads({.account = std::to_underlying(call.account),
                                                       .gone = std::move(call.gone),
                                                       .step = std::move(step)});
  if (taken) return;
  Response busy = transport_error(
      503,
      "too many questions of this account about history are being answered: ask again in a "
      "second");
  busy.headers.emplace_back("Retry-After", "1");
  (*done)(std::move(busy));
}

void HistoryApi::quota_data(Call call) const {
  const auto refuse = [&call](const Error& fault) { call.done(failure(fault, call.trace_id)); };
  const auto sn = text_param(call.params, "sn", "sn");
  if (!sn) return refuse(sn.error());
  const auto question = parse_quota_data_request(call.params, options_.platform->zone);
  if (!question) return refuse(question.error());
  const auto device = readable(call.account, *sn);
  if (!device) return refuse(device.error());
  const auto history = history_of(*device->family, question->code);
  if (!history) return refuse(history.error());
  const TraceId trace_id = call.trace_id;
  const std::vector<std::int64_t> bounds = {history::quarter_before(question->from_ms),
                                            std::max(history::quarter_after(question->to_ms),
                                                     history::quarter_before(question->from_ms))};
  history::EnergyQuery query({.device = device->number,
                              .sources = history::EnergySources(*device->family),
                              .bounds = bounds});
  read(std::move(call), answer_of(std::move(query), trace_id,
                                  [history = *history, trace_id](const history::EnergyQuery& of) {
                                    // A second response sits inside `data` (quirk 15).
                                    const Response inner = success(
                                        history_list(*history, of.sums().front()), trace_id);
                                    return inner.body;
                                  }));
}

void HistoryApi::energy(const std::string& sn, Call call) const {
  const auto refuse = [&call](const Error& fault) { call.done(failure(fault, call.trace_id)); };
  const auto device = readable(call.account, sn);
  if (!device) return refuse(device.error());
  auto question = parse_energy_request(call.params, now());
  if (!question) return refuse(question.error());
  const TraceId trace_id = call.trace_id;
  history::EnergyQuery query({.device = device->number,
                              .sources = history::EnergySources(*device->family),
                              .bounds = question->bounds});
  read(std::move(call),
       answer_of(std::move(query), trace_id,
                 [sn, question = std::move(*question)](const history::EnergyQuery& of) {
                   return energy_response(sn, of.sources(), question, of.sums());
                 }));
}

void HistoryApi::series(const std::string& sn, Call call) const {
  const auto refuse = [&call](const Error& fault) { call.done(failure(fault, call.trace_id)); };
  const auto device = readable(call.account, sn);
  if (!device) return refuse(device.error());
  auto request = parse_series_request(call.params, now(), options_.series);
  if (!request) return refuse(request.error());
  const auto format = request->format;
  const auto body =
      std::make_shared<SeriesBody>(SeriesAnswer({.sn = sn,
                                                 .device = device->number,
                                                 .request = std::move(*request),
                                                 .limits = options_.series,
                                                 .unit_of = units_of(device->family)}),
                                   SeriesBody::Options{.format = format,
                                                       .trace_id = call.trace_id,
                                                       .account = call.account,
                                                       .gone = call.gone,
                                                       .reads = options_.reads,
                                                       .loop = options_.loop});
  read(std::move(call), [body](history::Reader& reader) { return body->begin(reader); });
}

}  // namespace gridloom::http
