// The devices of the server that runs on a data folder, through its admin socket: no key of an
// account is needed, because a user who may open the socket owns the folder.
#include <fmt/format.h>
#include <poll.h>

#include <utility>

#include "app/control/admin_client.h"
#include "app/home/home.h"
#include "app/operations/kinds.h"

namespace gridloom::app {
namespace {

using wire::Json;
using wire::JsonObject;

constexpr Millis kPace{200};

std::vector<std::string> shares_in(const Json& row) {
  std::vector<std::string> shares;
  const Json* list = wire::member(row, "shares");
  if (list == nullptr || !list->is_array()) return shares;
  for (const Json& each : list->get_array()) {
    shares.push_back(
        fmt::format("{} ({})", wire::text_in(each, "account"), wire::text_in(each, "rights")));
  }
  return shares;
}

class LocalNews final : public News {
 public:
  explicit LocalNews(AdminStream stream) : stream_(std::move(stream)) {}

  Result<bool> wait(Millis patience) override {
    pollfd ready{.fd = stream_.fd(), .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, static_cast<int>(patience.count())) <= 0) return false;
    GL_TRY(const auto lines, stream_.read());
    return !lines.empty();
  }

 private:
  AdminStream stream_;
};

class LocalHome final : public HomeConnection {
 public:
  explicit LocalHome(std::filesystem::path data) : data_(std::move(data)) {}

  Result<std::vector<ShownDevice>> devices() override {
    GL_TRY(const auto answer, ask_admin(data_, {{"op", "device.list"}}));
    std::vector<ShownDevice> devices;
    if (!answer.is_array()) return fail(ErrorCode::kInternal, "the list of devices is no list");
    for (const Json& row : answer.get_array()) {
      const Json* online = wire::member(row, "online");
      devices.push_back({.sn = std::string(wire::text_in(row, "sn")),
                         .name = std::string(wire::text_in(row, "name")),
                         .online = online != nullptr && *online == true,
                         .owner = std::string(wire::text_in(row, "owner")),
                         .shares = shares_in(row)});
    }
    return devices;
  }

  Result<DeviceValues> values(const std::string& sn) override {
    GL_TRY(auto answer, ask_admin(data_, {{"op", operations::kValuesOp}, {"sn", sn}}));
    DeviceValues values;
    if (const auto age_ms = wire::whole_in(answer, "ageMs")) values.age = Millis(*age_ms);
    const Json* quotas = wire::member(answer, "quotas");
    if (quotas != nullptr && quotas->is_object()) values.quotas = quotas->get_object();
    return values;
  }

  Result<std::string> meter(const std::string& sn, const std::string& /*quota*/) override {
    GL_TRY(const auto answer, ask_admin(data_, {{"op", operations::kValuesOp}, {"sn", sn}}));
    return std::string(wire::text_in(answer, "meter"));
  }

  Result<Json> set(const std::string& sn, const JsonObject& message) override {
    GL_TRY(const auto answer,
           ask_admin(data_, {{"op", operations::kSetOp}, {"sn", sn}, {"message", message}}));
    const Json* reply = wire::member(answer, "answer");
    print_warning(answer);
    return reply == nullptr ? Json() : *reply;
  }

  Result<Json> energy(const std::string& sn, const EnergySpan& span) override {
    JsonObject request{{"op", operations::kEnergyOp}, {"sn", sn}};
    for (const auto& [name, value] : parameters_of(span)) request[name] = value;
    return ask_admin(data_, request);
  }

  // A data folder may have the homes of several accounts.
  Result<Json> home_energy(const EnergySpan& /*span*/) override {
    return fail(ErrorCode::kNotFound, "a data folder has no sum of a home");
  }

  Result<std::unique_ptr<News>> follow(const std::string& sn) override {
    JsonObject request{{"op", operations::kFollowOp}};
    if (!sn.empty()) request["sns"] = wire::JsonArray{sn};
    GL_TRY(auto stream, AdminStream::open(data_, request));
    return std::make_unique<LocalNews>(std::move(stream));
  }

  [[nodiscard]] Millis pace() const override { return kPace; }

 private:
  std::filesystem::path data_;
};

}  // namespace

std::unique_ptr<HomeConnection> local_home(const std::filesystem::path& data_folder) {
  return std::make_unique<LocalHome>(data_folder);
}

Result<ShownDevice> local_device(const std::filesystem::path& data_folder, std::string_view text) {
  GL_TRY(const auto devices, local_home(data_folder)->devices());
  return find_device(devices, text);
}

}  // namespace gridloom::app
