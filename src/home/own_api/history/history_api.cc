#include "own_api/history/history_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "api/history/quota_data.h"
#include "api/message/params.h"
#include "base/nearest.h"
#include "history/energy_query.h"
#include "home/history_devices.h"
#include "home/home_energies.h"
#include "hub/feed/twin_snapshot.h"
#include "hub/platform/credentials.h"
#include "journal/journal.h"
#include "own_api/history/energy.h"
#include "own_api/history/events.h"
#include "own_api/history/home_series.h"
#include "own_api/history/series_body.h"

namespace gridloom::api {
namespace {

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

std::vector<home::HistoryDevice> HistoryApi::readable_devices(registry::AccountId account) const {
  const auto directory = services_.hub.platform().registry.directory();
  std::vector<home::HistoryDevice> devices;
  for (const auto& list : {directory->devices_of(account), directory->shared_with(account)}) {
    for (const registry::Device* device : list) {
      devices.push_back({.sn = device->sn,
                         .number = device->number,
                         .family = services_.hub.platform().catalog->of_serial(device->sn)});
    }
  }
  return devices;
}

void HistoryApi::with_roles(std::vector<home::HistoryDevice> devices, Call call,
                            WithRoles with) const {
  const registry::AccountId account = call.account;
  home::find_roles(services_.hub, account, std::move(devices),
                   {.loop = &loop_,
                    .done = [call = std::move(call), with = std::move(with)](
                                Result<std::vector<home::HistoryDevice>> found) mutable {
                      with(*std::move(found), std::move(call));
                    }});
}

void HistoryApi::energy(const std::string& sn, Call call) const {
  const auto refuse = [&call](const Error& fault) { call.done(call.form.failure(fault)); };
  const auto device = reads_.readable(call.account, sn);
  if (!device) return refuse(device.error());
  auto request = parse_energy_request(call.params, reads_.now());
  if (!request) return refuse(request.error());
  const AnswerForm form = call.form;
  history::EnergyQuery query({.device = device->number,
                              .sources = history::EnergySources(*device->family),
                              .bounds = request->bounds});
  reads_.read(std::move(call),
              answer_of(std::move(query), form,
                        [sn, request = std::move(*request)](const history::EnergyQuery& of) {
                          return energy_response(sn, request, of);
                        }));
}

void HistoryApi::home_energy(Call call) const {
  auto request = parse_energy_request(call.params, reads_.now());
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
               reads_.read(std::move(roles_call),
                           answer_of(std::move(energies), form,
                                     [request = std::move(request)](const home::HomeEnergies& of) {
                                       return home_energy_response(request, of);
                                     }));
             });
}

void HistoryApi::home_series(Call call) const {
  auto request = parse_home_series_request(call.params, reads_.now(), services_.series);
  if (!request) return call.done(call.form.failure(request.error()));
  std::vector<home::HistoryDevice> devices;
  for (const std::string& sn : request->devices) {
    const auto device = reads_.readable(call.account, sn);
    if (!device) return call.done(call.form.failure(device.error()));
    devices.push_back({.sn = sn, .number = device->number, .family = device->family});
  }
  if (devices.empty()) devices = readable_devices(call.account);
  const AnswerForm form = call.form;
  with_roles(std::move(devices), std::move(call),
             [this, form, request = std::move(*request)](const std::vector<home::HistoryDevice>& of,
                                                         Call roles_call) mutable {
               HomeSeries series(std::move(request), of);
               reads_.read(std::move(roles_call),
                           answer_of(std::move(series), form,
                                     [](const HomeSeries& done) { return done.text(); }));
             });
}

void HistoryApi::series(const std::string& sn, Call call) const {
  const auto refuse = [&call](const Error& fault) { call.done(call.form.failure(fault)); };
  auto device = reads_.readable(call.account, sn);
  if (!device) return refuse(device.error());
  auto request = parse_series_request(call.params, reads_.now(), services_.series);
  if (!request) return refuse(request.error());
  std::vector<std::string> names = undeclared(*device->family, request->fields);
  Series series{.sn = sn,
                .device = std::move(*device),
                .request = std::move(*request),
                .call = std::move(call)};
  if (names.empty()) return answer_series(std::move(series));
  const registry::AccountId account = series.call.account;
  services_.hub.read_twins(
      account, {sn},
      {.loop = &loop_,
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
                                                 .limits = services_.series,
                                                 .unit_of = units_of(series.device.family)}),
                                   SeriesBody::Options{.format = format,
                                                       .form = series.call.form,
                                                       .account = series.call.account,
                                                       .gone = series.call.gone,
                                                       .reads = services_.reads,
                                                       .loop = &loop_});
  reads_.read(std::move(series.call),
              [body](history::Reader& reader) { return body->begin(reader); });
}

void HistoryApi::events(const std::string& sn, Call call) const {
  const auto refuse = [&call](const Error& fault) { call.done(call.form.failure(fault)); };
  std::vector<home::HistoryDevice> devices;
  if (sn.empty()) {
    devices = readable_devices(call.account);
  } else {
    auto device = reads_.readable(call.account, sn);
    if (!device) return refuse(device.error());
    devices.push_back({.sn = sn, .number = device->number, .family = std::move(device->family)});
  }
  auto request = parse_event_request(call.params, reads_.now());
  if (!request) return refuse(request.error());
  for (home::HistoryDevice& device : devices) {
    device.family = services_.hub.platform().catalog->in_language(device.family, request->language);
  }
  const AnswerForm form = call.form;
  reads_.read(std::move(call),
              [query = EventQuery(std::move(*request), std::move(devices)),
               form](history::Reader& reader) mutable -> std::optional<http::Response> {
                if (Status worked = query.work(reader); !worked)
                  return form.read_failure(worked.error());
                if (!query.done()) return std::nullopt;
                return form.success(query.text());
              });
}

}  // namespace gridloom::api
