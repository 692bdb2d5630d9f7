// The devices that a person at a terminal sees and sets, wherever they are: behind the admin socket
// of a data folder (local_home()), or behind the signed HTTP API of a server with the keys of an
// account (remote_home()). All calls block. One thread.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "catalog/family.h"
#include "client/api_client.h"
#include "wire/json.h"

namespace gridloom::app {

struct ShownDevice {
  std::string sn;
  std::string name;
  bool online = false;
  // Only a data folder knows these:
  std::string owner{};
  std::vector<std::string> shares{};  // "bob (monitor)"
};

struct DeviceValues {
  wire::JsonObject quotas{};    // as quota/all answers them
  std::optional<Millis> age{};  // since the last report; nothing: it has not reported
  bool knows_age = true;        // false: this way to the server does not tell ages
};

// Says that devices have reported something or came and went, as it happens.
// HomeConnection::values() has the values that they reported. One thread.
class News {
 public:
  News() = default;
  News(const News&) = delete;
  News& operator=(const News&) = delete;
  virtual ~News() = default;
  // Waits for news, for `patience` at most; whether some came. kIo: none come any more.
  [[nodiscard]] virtual Result<bool> wait(Millis patience) = 0;
};

// The parameters of a request for energies, as they are typed; empty: not given.
struct EnergySpan {
  std::string period{};  // day, week, month or year
  std::string from{};
  std::string to{};
};

// The parameters that are given, by their names in a request.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> parameters_of(
    const EnergySpan& span);

class HomeConnection {
 public:
  HomeConnection() = default;
  HomeConnection(const HomeConnection&) = delete;
  HomeConnection& operator=(const HomeConnection&) = delete;
  virtual ~HomeConnection() = default;

  [[nodiscard]] virtual Result<std::vector<ShownDevice>> devices() = 0;
  [[nodiscard]] virtual Result<DeviceValues> values(const std::string& sn) = 0;
  // The household meter that a device names by this quota (catalog::meter_field()); empty: none.
  [[nodiscard]] virtual Result<std::string> meter(const std::string& sn,
                                                  const std::string& quota) = 0;
  // `message` as the vendor's documents show it, without `sn`. Returns the answer of the device.
  [[nodiscard]] virtual Result<wire::Json> set(const std::string& sn,
                                               const wire::JsonObject& message) = 0;
  // The energies of a device, as GET /api/v1/devices/{sn}/energy answers them. kNotFound: this
  // server does not compute energies.
  [[nodiscard]] virtual Result<wire::Json> energy(const std::string& sn,
                                                  const EnergySpan& span) = 0;
  // The energies of the home, as GET /api/v1/home/energy answers them. kNotFound: this way to the
  // server has no sum of a home; home_energy_of() (home_energy.h) makes it from the devices'.
  [[nodiscard]] virtual Result<wire::Json> home_energy(const EnergySpan& span) = 0;
  // News of a device; `sn` empty: of all. An error: this server does not tell; it can only be asked
  // from time to time.
  [[nodiscard]] virtual Result<std::unique_ptr<News>> follow(const std::string& sn) = 0;
  // The least time between two looks at the same values.
  [[nodiscard]] virtual Millis pace() const = 0;
};

// The household meter that the device names; empty: none, or it cannot be asked.
[[nodiscard]] std::string meter_of(HomeConnection& home, const std::string& sn,
                                   const catalog::Family& family);

// The device that a person means, in this order: a serial number, a whole name, the beginning of a
// serial number, a part of a name; all but the first in any case, and only if one device fits.
// kNotFound: there is none, and the detail has the nearest; kConflict: several fit, and the detail
// lists them.
[[nodiscard]] Result<ShownDevice> find_device(const std::vector<ShownDevice>& devices,
                                              std::string_view text);

// Whether the text is the whole serial number or name of the device, and not a part of one.
[[nodiscard]] bool is_whole_name(const ShownDevice& device, std::string_view text);

// "Kitchen power station (R331ZEB4ZEAL0528)", in printable characters.
[[nodiscard]] std::string device_text(const ShownDevice& device);

// The devices of the server that runs on a data folder, through its admin socket: no key of an
// account is needed, because a user who may open the socket owns the folder.

[[nodiscard]] std::unique_ptr<HomeConnection> local_home(const std::filesystem::path& data_folder);

// The device of the data folder that a person means (find_device()), whether a server runs on it or
// not.
[[nodiscard]] Result<ShownDevice> local_device(const std::filesystem::path& data_folder,
                                               std::string_view text);

// The devices of an account on any server that has the signed HTTP API: a Gridloom server, or the
// vendor's cloud.

[[nodiscard]] Result<std::unique_ptr<HomeConnection>> remote_home(
    const client::ApiOptions& options);

}  // namespace gridloom::app
