// Writes the devices' history to a database from the bridge's own thread.
#include <memory>
#include <optional>
#include <utility>

#include "bridges/influx/kind.h"
#include "bridges/influx/settings.h"
#include "bridges/influx/writer.h"
#include "hub/feed/change_feed.h"

namespace gridloom::bridges {
namespace {

// Tells the writer which devices have news.
class InfluxBridge final : public Bridge {
 public:
  InfluxBridge(const Parts& parts, const Identity& identity, InfluxSettings settings)
      : parts_(parts),
        account_(identity.account),
        writer_(std::make_shared<InfluxWriter>(parts, identity, std::move(settings))),
        reader_(std::make_shared<Reader>(*writer_)) {}

  void start() override {
    using Options = hub::ChangeReaderOptions;
    subscription_ = parts_.hub.changes().subscribe({.reader = reader_,
                                                    .loop = &parts_.loop,
                                                    .scope = Options::Scope::kAccount,
                                                    .account = account_,
                                                    .detail = Options::Detail::kDevicesOnly});
    writer_->start();
  }

  void stop() override {
    subscription_.reset();
    reader_->end();
    writer_->stop();
  }

 private:
  class Reader final : public hub::ChangeReader {
   public:
    explicit Reader(InfluxWriter& writer) : writer_(&writer) {}
    void on_changes(hub::ChangeBatch batch) override {
      if (writer_ == nullptr) return;
      if (batch.is_lost) writer_->on_all_news();
      for (const hub::DeviceChanges& each : batch.devices) writer_->on_news(each.sn);
    }
    void end() { writer_ = nullptr; }

   private:
    InfluxWriter* writer_;
  };

  const Parts parts_;
  const registry::AccountId account_;
  std::shared_ptr<InfluxWriter> writer_;
  std::shared_ptr<Reader> reader_;
  std::optional<hub::ChangeSubscription> subscription_;
};

Status check(const parameters::Arguments& arguments) {
  const auto settings = influx_settings(arguments);
  return settings ? Status() : std::unexpected(settings.error());
}

std::unique_ptr<Bridge> make(const Parts& parts, Identity identity,
                             const parameters::Arguments& arguments) {
  auto settings = influx_settings(arguments);
  if (!settings) return nullptr;  // they were checked
  return std::make_unique<InfluxBridge>(parts, identity, std::move(*settings));
}

}  // namespace

const Kind& influx_kind() {
  static const Kind kKind{
      .name = "influx",
      .example = "--url http://nas.lan:8086 --bucket home --org me --token-file token",
      .text = "Writes history to InfluxDB, VictoriaMetrics and others with its line protocol",
      .settings = influx_parameters(),
      .selects_devices = true,
      .check = check,
      .make = make};
  return kKind;
}

}  // namespace gridloom::bridges
