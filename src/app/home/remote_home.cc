// The devices of an account on any server that has the signed HTTP API: a Gridloom server, or the
// vendor's cloud.
#include <fmt/format.h>

#include <array>
#include <utility>

#include "app/home/home.h"
#include "client/report_listener.h"
#include "wire/signing.h"

namespace gridloom::app {
namespace {

using wire::Json;
using wire::JsonObject;

constexpr Millis kPace{1000};  // the vendor's cloud counts requests

class RemoteNews final : public News {
 public:
  explicit RemoteNews(client::ReportListener listener) : listener_(std::move(listener)) {}

  Result<bool> wait(Millis patience) override { return listener_.wait(patience); }

 private:
  client::ReportListener listener_;
};

class RemoteHome final : public HomeConnection {
 public:
  RemoteHome(client::ApiClient api, client::ApiOptions options)
      : api_(std::move(api)), options_(std::move(options)) {}

  Result<std::vector<ShownDevice>> devices() override {
    GL_TRY(const auto listed, api_.devices());
    std::vector<ShownDevice> devices;
    devices.reserve(listed.size());
    for (const client::ListedDevice& row : listed) {
      devices.push_back(
          {.sn = row.sn, .name = row.name.empty() ? row.product : row.name, .online = row.online});
    }
    return devices;
  }

  Result<DeviceValues> values(const std::string& sn) override {
    GL_TRY(auto quotas, api_.quota_all(sn));
    return DeviceValues{.quotas = std::move(quotas), .knows_age = false};
  }

  Result<std::string> meter(const std::string& sn, const std::string& quota) override {
    GL_TRY(const auto values, api_.quotas(sn, std::array{quota}));
    return std::string(wire::text_in(values, quota));
  }

  Result<Json> set(const std::string& sn, const JsonObject& message) override {
    return api_.set(sn, message);
  }

  Result<Json> energy(const std::string& sn, const EnergySpan& span) override {
    return or_not_found(api_.energy(sn, parameters_of(span)));
  }

  Result<Json> home_energy(const EnergySpan& span) override {
    return or_not_found(
        api_.call("GET", fmt::format("{}home/energy", wire::kOwnPaths), parameters_of(span)));
  }

  Result<std::unique_ptr<News>> follow(const std::string& sn) override {
    GL_TRY(const auto access, api_.certification());
    GL_TRY(auto listener, client::ReportListener::open(access, options_, sn));
    return std::make_unique<RemoteNews>(std::move(listener));
  }

  [[nodiscard]] Millis pace() const override { return kPace; }

 private:
  // Another server than Gridloom answers a path that it does not have in its own way.
  static Result<Json> or_not_found(Result<Json> answer) {
    if (answer) return answer;
    const ErrorCode code = answer.error().code;
    const bool is_missing = code == ErrorCode::kMalformed || code == ErrorCode::kInternal;
    if (is_missing) answer.error().code = ErrorCode::kNotFound;
    return answer;
  }

  client::ApiClient api_;
  client::ApiOptions options_;
};

}  // namespace

Result<std::unique_ptr<HomeConnection>> remote_home(const client::ApiOptions& options) {
  GL_TRY(auto api, client::ApiClient::open(options));
  return std::make_unique<RemoteHome>(std::move(api), options);
}

}  // namespace gridloom::app
