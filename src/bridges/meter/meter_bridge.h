// A meter on the network whose reading is a power that Gridloom knows. While the power is not
// known, it does not answer.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/worker.h"
#include "bridges/core/bridge.h"
#include "bridges/core/device_book.h"
#include "bridges/meter/display.h"
#include "bridges/meter/energy_count.h"
#include "bridges/meter/meter.h"
#include "bridges/meter/meter_server.h"
#include "bridges/meter/power_source.h"
#include "bridges/meter/shares.h"

namespace gridloom::bridges::meter {

class MeterBridge final : public Bridge, private DeviceBook::Listener {
 public:
  MeterBridge(Parts parts, Identity identity, MeterSettings settings);
  ~MeterBridge() override;

  void start() override;
  void stop() override;
  void tick() override;
  void registry_changed() override;

  // Nothing: its ports could not be opened yet.
  [[nodiscard]] const MeterServer* server() const { return server_.get(); }

 private:
  using Steady = std::chrono::steady_clock;

  void on_device(const BookDevice& device) override { update_for(device); }
  void on_removed(const std::string& sn) override;
  void on_values(const BookDevice& device, std::span<const std::size_t> slots) override;
  void on_state(const BookDevice& device) override { update_for(device); }

  void open_server();
  void update_for(const BookDevice& device);
  // Reads the sources, and shows what they say.
  void update();
  [[nodiscard]] Result<double> read_power();
  void add_to_counts(std::optional<double> power_w);
  [[nodiscard]] std::optional<Reading> reading_of(double power_w);
  void tell_health(const Result<double>& power);

  const Parts parts_;
  const Identity identity_;
  const MeterSettings settings_;
  Display display_;
  Worker worker_;
  std::optional<DeviceBook> book_;
  std::unique_ptr<PowerSource> source_;
  std::unique_ptr<PowerSource> own_;  // null: no device reports it
  std::vector<std::unique_ptr<PowerSource>> phases_;
  std::shared_ptr<Group> group_;  // null: it shares with none
  std::size_t member_ = 0;        // of the group
  std::optional<EnergyFile> energies_;
  std::unique_ptr<MeterServer> server_;
  Steady::time_point retry_at_{};
  Steady::time_point started_{};
  std::optional<double> power_w_;  // since counted_
  TimePoint counted_{};
  std::optional<double> average_w_;
  std::string why_;  // the power is not known; empty: it is
};

}  // namespace gridloom::bridges::meter
