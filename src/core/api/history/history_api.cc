#include "api/history/history_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "api/history/energy.h"
#include "api/history/events.h"
#include "api/history/home_series.h"
#include "api/history/quota_data.h"
#include "api/history/series_body.h"
#include "api/message/params.h"
#include "base/nearest.h"
#include "history/energy_query.h"
#include "home/home_energies.h"
#include "home/home_roles.h"
#include "hub/feed/twin_snapshot.h"
#include "hub/platform/credentials.h"
#include "journal/journal.h"

namespace gridloom::api {
namespace {

// Runs the query slice by slice; at the end `text_of` formats the response's data.
template <typename Query, typename TextOf>
auto answer_of(Query query, const AnswerForm& form, TextOf text_of) {
  return [query = std::move(query), form, text_of = std::move(text_of)](
             history::Reader& reader) mutable -> std::optional<http::Response> {
    for (const history::Slice slice(reader); !query.done() && !slice.over();) {
      if (Status worked = query.work(reader); !worked) return form.read_failure(worked.error());
    }
    if (!query.done()) return std::nullopt;
    return form.success(text_of(query));
  };
}

// The names that the family does not declare: mistakes, unless the device has reported them.
std::vector<std::string> undeclared(const catalog::Family& family,
                                    const std::vector<std::string>& fields) {
  std::vector<std::string> names;
  for (const std::string& name : fields) {
    const bool is_own = name == journal::kPresence;
    if (!is_own && !name.ends_with('*') && family.field(name) == nullptr) names.push_back(name);
  }
  return names;
}

// Those of the names that are not among the undeclared ones that the device has now, with what to
// answer unless history knows them.
std::vector<history::DoubtfulField> doubtful_fields(const std::string& sn,
                                                    const catalog::Family& family,
                                                    const std::vector<std::string>& names,
                                                    const std::vector<std::string>& reported) {
  std::vector<std::string_view> known(reported.begin(), reported.end());
  for (const catalog::Field& field : family.fields) known.emplace_back(field.name);
  const std::string where =
      family.fields.empty()
          ? std::string("has not reported such a field")
          : fmt::format(
                "has no such field, and has not reported one; GET /api/v1/families/{} "
                "lists those of its family",
                family.id);
  std::vector<history::DoubtfulField> doubtful;
  for (const std::string& name : names) {
    if (std::ranges::find(reported, name) != reported.end()) continue;
    doubtful.push_back(
        {.name = name,
         .refusal = fmt::format("fields is {}: {} {}{}", shown(std::string_view(name)), sn, where,
                                did_you_mean(name, known))});
  }
  return doubtful;
}

}  // namespace

Result<HistoryApi::Readable> HistoryApi::readable(registry::AccountId account,
                                                  const std::string& sn) const {
  const auto directory = options_.platform->registry.directory();
  GL_TRY(const auto device,
         hub::permitted_device(*directory, account, sn, registry::Rights::kMonitor));
  return Readable{.number = device->number, .family = options_.platform->catalog->of_serial(sn)};
}

std::vector<home::HistoryDevice> HistoryApi::readable_devices(registry::AccountId account) const {
  const auto directory = options_.platform->registry.directory();
  std::vector<home::HistoryDevice> devices;
  for (const auto& list : {directory->devices_of(account), directory->shared_with(account)}) {
    for (const registry::Device* device : list) {
      devices.push_back({.sn = device->sn,
                         .number = device->number,
                         .family = options_.platform->catalog->of_serial(device->sn)});
    }
  }
  return devices;
}

void HistoryApi::with_roles(std::vector<home::HistoryDevice> devices, Call call,
                            WithRoles with) const {
  if (options_.hub == nullptr) return with(std::move(devices), std::move(call));
  const registry::AccountId account = call.account;
  home::find_roles(*options_.hub, account, std::move(devices),
                   {.loop = options_.loop,
                    .done = [call = std::move(call), with = std::move(with)](
                                Result<std::vector<home::HistoryDevice>> found) mutable {
                      with(*std::move(found), std::move(call));
                    }});
}

time::Now HistoryApi::now() const {
  return {.at = options_.platform->clock.now(), .zone = options_.platform->zone};
}

void HistoryApi::read(Call call, Answer answer) const {
  auto done = std::make_shared<Callback<http::Response>>(std::move(call.done));
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
  http::Response busy = call.form.refusal(
      503,
      "too many questions of this account about history are being answered: ask again in a "
      "second");
  busy.headers.emplace_back("Retry-After", "1");
  (*done)(std::move(busy));
}

void HistoryApi::quota_data(Call call) const {
  const auto refuse = [&call](const Error& fault) { call.done(call.form.failure(fault)); };
  const auto sn = text_param(call.params, "sn", "sn");
  if (!sn) return refuse(sn.error());
  const auto question = parse_quota_data_request(call.params, options_.platform->zone);
  if (!question) return refuse(question.error());
  const auto device = readable(call.account, *sn);
  if (!device) return refuse(device.error());
  const auto history = history_of(*device->family, question->code);
  if (!history) return refuse(history.error());
  const AnswerForm form = call.form;
  const std::vector<std::int64_t> bounds = {history::quarter_before(question->from_ms),
                                            std::max(history::quarter_after(question->to_ms),
                                                     history::quarter_before(question->from_ms))};
  history::EnergyQuery query({.device = device->number,
                              .sources = history::EnergySources(*device->family),
                              .bounds = bounds});
  read(std::move(call), answer_of(std::move(query), form,
                                  [history = *history, form](const history::EnergyQuery& of) {
                                    // A second response sits inside `data` (quirk 15).
                                    const http::Response inner = success(
                                        history_list(*history, of.sums().front()), form.trace_id());
                                    return inner.body;
                                  }));
}

void HistoryApi::energy(const std::string& sn, Call call) const {
  const auto refuse = [&call](const Error& fault) { call.done(call.form.failure(fault)); };
  const auto device = readable(call.account, sn);
  if (!device) return refuse(device.error());
  auto request = parse_energy_request(call.params, now());
  if (!request) return refuse(request.error());
  const AnswerForm form = call.form;
  history::EnergyQuery query({.device = device->number,
                              .sources = history::EnergySources(*device->family),
                              .bounds = request->bounds});
  read(std::move(call),
       answer_of(std::move(query), form,
                 [sn, request = std::move(*request)](const history::EnergyQuery& of) {
                   return energy_response(sn, request, of);
                 }));
}

void HistoryApi::home_energy(Call call) const {
  auto request = parse_energy_request(call.params, now());
  if (!request) return call.done(call.form.failure(request.error()));
  const AnswerForm form = call.form;
  std::vector<home::HistoryDevice> readable = readable_devices(call.account);
  with_roles(std::move(readable), std::move(call),
             [this, form, request = std::move(*request)](std::vector<home::HistoryDevice> devices,
                                                         Call roles_call) mutable {
               home::HomeEnergies energies({.devices = std::move(devices),
                                            .bounds = request.bounds,
                                            .buckets = request.buckets,
                                            .from_ms = request.from_ms,
                                            .now_ms = request.now_ms});
               read(std::move(roles_call),
                    answer_of(std::move(energies), form,
                              [request = std::move(request)](const home::HomeEnergies& of) {
                                return home_energy_response(request, of);
                              }));
             });
}

void HistoryApi::home_series(Call call) const {
  auto request = parse_home_series_request(call.params, now(), options_.series);
  if (!request) return call.done(call.form.failure(request.error()));
  std::vector<home::HistoryDevice> devices;
  for (const std::string& sn : request->devices) {
    const auto device = readable(call.account, sn);
    if (!device) return call.done(call.form.failure(device.error()));
    devices.push_back({.sn = sn, .number = device->number, .family = device->family});
  }
  if (devices.empty()) devices = readable_devices(call.account);
  const AnswerForm form = call.form;
  with_roles(std::move(devices), std::move(call),
             [this, form, request = std::move(*request)](const std::vector<home::HistoryDevice>& of,
                                                         Call roles_call) mutable {
               HomeSeries series(std::move(request), of);
               read(std::move(roles_call),
                    answer_of(std::move(series), form,
                              [](const HomeSeries& done) { return done.text(); }));
             });
}

void HistoryApi::series(const std::string& sn, Call call) const {
  const auto refuse = [&call](const Error& fault) { call.done(call.form.failure(fault)); };
  auto device = readable(call.account, sn);
  if (!device) return refuse(device.error());
  auto request = parse_series_request(call.params, now(), options_.series);
  if (!request) return refuse(request.error());
  std::vector<std::string> names = undeclared(*device->family, request->fields);
  Series series{.sn = sn,
                .device = std::move(*device),
                .request = std::move(*request),
                .call = std::move(call)};
  if (names.empty()) return answer_series(std::move(series));
  if (options_.hub == nullptr) {
    series.request.doubtful = doubtful_fields(sn, *series.device.family, names, {});
    return answer_series(std::move(series));
  }
  const registry::AccountId account = series.call.account;
  options_.hub->read_twins(
      account, {sn},
      {.loop = options_.loop,
       .done = [this, names = std::move(names), series = std::move(series)](
                   const Result<std::vector<hub::TwinSnapshot>>& twins) mutable {
         std::vector<std::string> reported;
         if (twins && !twins->empty()) reported = twins->front().extra;
         series.request.doubtful =
             doubtful_fields(series.sn, *series.device.family, names, reported);
         answer_series(std::move(series));
       }});
}

void HistoryApi::answer_series(Series series) const {
  const auto format = series.request.format;
  const auto body =
      std::make_shared<SeriesBody>(SeriesAnswer({.sn = std::move(series.sn),
                                                 .device = series.device.number,
                                                 .request = std::move(series.request),
                                                 .limits = options_.series,
                                                 .unit_of = units_of(series.device.family)}),
                                   SeriesBody::Options{.format = format,
                                                       .form = series.call.form,
                                                       .account = series.call.account,
                                                       .gone = series.call.gone,
                                                       .reads = options_.reads,
                                                       .loop = options_.loop});
  read(std::move(series.call), [body](history::Reader& reader) { return body->begin(reader); });
}

void HistoryApi::events(const std::string& sn, Call call) const {
  const auto refuse = [&call](const Error& fault) { call.done(call.form.failure(fault)); };
  std::vector<home::HistoryDevice> devices;
  if (sn.empty()) {
    devices = readable_devices(call.account);
  } else {
    auto device = readable(call.account, sn);
    if (!device) return refuse(device.error());
    devices.push_back({.sn = sn, .number = device->number, .family = std::move(device->family)});
  }
  auto request = parse_event_request(call.params, now());
  if (!request) return refuse(request.error());
  for (home::HistoryDevice& device : devices) {
    device.family = options_.platform->catalog->in_language(device.family, request->language);
  }
  const AnswerForm form = call.form;
  read(std::move(call),
       [query = EventQuery(std::move(*request), std::move(devices)),
        form](history::Reader& reader) mutable -> std::optional<http::Response> {
         if (Status worked = query.work(reader); !worked) return form.read_failure(worked.error());
         if (!query.done()) return std::nullopt;
         return form.success(query.text());
       });
}

}  // namespace gridloom::api
