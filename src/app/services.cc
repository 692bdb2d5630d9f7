#include "app/services.h"

#include <memory>
#include <utility>

namespace gridloom::app {

std::vector<server::MakeService> services(ServicesOptions options, ServicesMade& made) {
  options.own.bridges = [&made](AccountId account) {
    return bridges::bridges_of(made.bridges->bridges(), account);
  };
  std::vector<server::MakeService> all;
  all.emplace_back(
      [own = std::move(options.own), &made](const server::ServiceParts& parts) mutable {
        auto service = std::make_unique<api::OwnService>(parts, std::move(own));
        made.own = service.get();
        return service;
      });
  all.emplace_back(
      [bridges = std::move(options.bridges), &made](const server::ServiceParts& parts) mutable {
        auto service =
            std::make_unique<bridges::BridgesService>(parts, made.own->home(), std::move(bridges));
        made.bridges = service.get();
        return service;
      });
  return all;
}

std::vector<server::MakeService> homes_only(home::EventLog::Writes events) {
  std::vector<server::MakeService> all;
  all.emplace_back([events](const server::ServiceParts& parts) {
    return std::make_unique<api::OwnService>(parts, api::OwnService::Options{.events = events});
  });
  return all;
}

}  // namespace gridloom::app
