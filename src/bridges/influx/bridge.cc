#include "bridges/influx/bridge.h"

#include <fmt/format.h>
#include <sodium.h>

#include <array>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "base/printable.h"
#include "bridges/core/peer.h"
#include "bridges/influx/writer.h"
#include "hub/feed/change_feed.h"

namespace gridloom::bridges {
namespace {

using parameters::Parameter;
using parameters::Type;

constexpr std::array<std::string_view, 3> kMeasurementNames = {"sn", "name", "family"};
constexpr std::string_view kMeasurement = "{family}";
constexpr std::int64_t kEvery_s = 10;

constexpr std::array<Parameter, 14> kSettings = {{
    {.name = "url", .text = "Address of the database: http://HOST:PORT", .required = true},
    {.name = "ca",
     .text = "File with the certificates that https:// trusts; without it those of the system",
     .most_bytes = 1024},
    {.name = "bucket",
     .text = "Bucket to write to, by /api/v2/write; bucket or database is needed"},
    {.name = "org", .text = "Organization of the bucket; without it none is sent"},
    {.name = "token",
     .text = "Token that may write to the bucket; without it none is sent",
     .type = Type::kSecret,
     .most_bytes = 1024},
    {.name = "database", .text = "Database to write to, by /write as InfluxDB 1 has it"},
    {.name = "retention-policy",
     .text = "Retention policy of the database; without it its default"},
    {.name = "user", .text = "User who may write to the database; without it none is sent"},
    {.name = "password", .text = "Password of the user", .type = Type::kSecret},
    {.name = "measurement",
     .text = "Name of the measurement, with {sn}, {name} and {family} in it; without it {family}"},
    {.name = "fields",
     .text = "Fields that are written, by names or patterns with *; without them all",
     .type = Type::kTexts,
     .most_items = 64},
    {.name = "devices",
     .text = "Devices that are written, by serial number or name; without them all of the account",
     .type = Type::kTexts,
     .most_items = 1024},
    {.name = "every",
     .text = "Seconds between two writes; without it 10",
     .type = Type::kInteger,
     .least = 1,
     .most = 3600},
    {.name = "since",
     .text = "Time from which history is written; without it when the bridge began",
     .type = Type::kTime,
     .most = 4e12},
}};

Result<std::string> server_of(const std::string& url) {
  auto address = parse_web_address("url", url);
  if (address && address->target == "/") return std::move(address->server);
  return fail(ErrorCode::kBadParams, fmt::format("url is \"{}\": must be http://HOST:PORT or "
                                                 "https://HOST:PORT, without a path",
                                                 redacted_extract(url)));
}

// Basic authentication.
client::HttpHeader user_header(const std::string& user, const std::string& password) {
  const std::string plain = user + ':' + password;
  std::string coded(sodium_base64_encoded_len(plain.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(coded.data(), coded.size(),
                    reinterpret_cast<const unsigned char*>(plain.data()),  // NOLINT: bytes
                    plain.size(), sodium_base64_VARIANT_ORIGINAL);
  coded.pop_back();  // its end of a C string
  return {"Authorization", "Basic " + coded};
}

Status check_target(const parameters::Arguments& arguments) {
  const bool has_bucket = !arguments.text("bucket").empty();
  if (has_bucket == !arguments.text("database").empty()) {
    return fail(ErrorCode::kBadParams,
                has_bucket ? "bucket and database are given: must be one of them"
                           : "bucket is missing: must be given, or database for InfluxDB 1");
  }
  constexpr std::array<std::string_view, 2> kOfBucket = {"org", "token"};
  constexpr std::array<std::string_view, 3> kOfDatabase = {"retention-policy", "user", "password"};
  const std::span<const std::string_view> others =
      has_bucket ? std::span<const std::string_view>(kOfDatabase) : std::span(kOfBucket);
  for (const std::string_view each : others) {
    if (arguments.text(each).empty()) continue;
    return fail(ErrorCode::kBadParams, fmt::format("{} is given: it goes with {}", each,
                                                   has_bucket ? "database, not with bucket"
                                                              : "bucket, not with database"));
  }
  return {};
}

}  // namespace

std::span<const Parameter> influx_parameters() { return kSettings; }

Result<InfluxSettings> influx_settings(const parameters::Arguments& arguments) {
  GL_TRY(auto server, server_of(arguments.text("url")));
  GL_TRY(check_target(arguments));
  const std::string text = arguments.text("measurement");
  GL_TRY(auto measurement,
         NameTemplate::parse("measurement", text.empty() ? kMeasurement : std::string_view(text),
                             kMeasurementNames));

  InfluxSettings settings{.server = std::move(server),
                          .target = {},
                          .headers = {},
                          .ca = arguments.text("ca"),
                          .measurement = std::move(measurement)};
  const auto query = [&](std::string_view setting) {
    return client::query_text(arguments.text(setting));
  };
  if (!arguments.text("bucket").empty()) {
    settings.target = "/api/v2/write?precision=ns&bucket=" + query("bucket");
    if (!arguments.text("org").empty()) settings.target += "&org=" + query("org");
    if (const std::string token = arguments.text("token"); !token.empty()) {
      settings.headers.emplace_back("Authorization", "Token " + token);
    }
  } else {
    settings.target = "/write?precision=ns&db=" + query("database");
    if (const std::string policy = query("retention-policy"); !policy.empty()) {
      settings.target += "&rp=" + policy;
    }
    if (const std::string user = arguments.text("user"); !user.empty()) {
      settings.headers.push_back(user_header(user, arguments.text("password")));
    }
  }
  settings.selection = Selection(arguments.texts("devices"), arguments.texts("fields"));
  settings.every = std::chrono::seconds(arguments.integer("every").value_or(kEvery_s));
  settings.since_ms = arguments.integer("since");
  return settings;
}

namespace {

// Tells the writer which devices have news.
// Writes the devices' history to a database from the bridge's own thread.
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

const BridgeKind& influx_kind() {
  static const BridgeKind kKind{
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
