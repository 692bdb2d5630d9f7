// The homes of a server's accounts with Gridloom's own interface, as a service of it.
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "app/services.h"
#include "home/event_log.h"
#include "own_api/own_service.h"
#include "own_api/page/page.h"
#include "own_api/page/page_files.h"
#include "with_home/administration.h"
#include "with_home/home_limits.h"

namespace gridloom::app {
namespace {

using Writes = home::EventLog::Writes;

Result<api::PageFiles> page_files(const ServeOptions& options) {
  if (options.web.empty()) return api::PageFiles();
  auto page = api::PageFiles::in_folder(options.web);
  if (!page) return fail(page.error().code, "--web: " + page.error().detail);
  return page;
}

Result<std::vector<std::string>> frame_origins(const ServeOptions& options) {
  std::vector<std::string> origins;
  for (const std::string& text : options.embed_origins) {
    auto origin = api::parse_origin(text);
    if (!origin) return fail(origin.error().code, "--embed-origin: " + origin.error().detail);
    origins.push_back(std::move(*origin));
  }
  return origins;
}

}  // namespace

Status check_page(const ServeOptions& options) {
  GL_TRY(frame_origins(options));
  GL_TRY(page_files(options));
  return {};
}

Status add_home_service(const ServicesAsked& asked, ServicesMade& made,
                        std::vector<server::MakeService>& all) {
  GL_TRY(auto page, page_files(asked.options));
  GL_TRY(auto origins, frame_origins(asked.options));
  auto administration = std::make_unique<ServerAdministration>();
  api::OwnService::Options own{.events = asked.is_door ? Writes::kNone : Writes::kAll,
                               .page = std::move(page),
                               .frame_origins = std::move(origins),
                               .live = asked.limits.home->live,
                               .metrics_fields = asked.limits.home->metrics_fields,
                               .administration = administration.get(),
                               .bridges = [&made](AccountId account) {
                                 return made.list_bridges ? made.list_bridges(account)
                                                          : std::vector<api::body::Bridge>();
                               }};
  made.administration = std::move(administration);
  all.emplace_back([own = std::move(own), &made](const server::ServiceParts& parts) mutable {
    auto service = std::make_unique<api::OwnService>(parts, std::move(own));
    made.own = service.get();
    return service;
  });
  return {};
}

std::vector<server::MakeService> homes_only(EventsOf of) {
  const Writes events = of == EventsOf::kAllDevices ? Writes::kAll : Writes::kOwn;
  std::vector<server::MakeService> all;
  all.emplace_back([events](const server::ServiceParts& parts) {
    return std::make_unique<api::OwnService>(parts, api::OwnService::Options{.events = events});
  });
  return all;
}

}  // namespace gridloom::app
