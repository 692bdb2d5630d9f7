// The inputs of the loads, and the errors they report before they begin.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "bench/http_load.h"
#include "bench/mqtt_load.h"
#include "bench/set_load.h"
#include "testing/temporary_folder.h"

namespace gridloom::bench {
namespace {

class LoadTest : public testing::Test {
 protected:
  [[nodiscard]] const std::filesystem::path& holding(std::string_view text) const {
    write_content(file_, text);
    return file_;
  }
  // An address where nothing listens: the load must not get as far as connecting.
  [[nodiscard]] static MqttLoad load_of(std::size_t devices) {
    MqttLoad load;
    load.to = {{.host = "127.0.0.1", .port = 1}};
    load.devices.resize(devices);
    load.payloads = {"{}"};
    return load;
  }

 private:
  TemporaryFolder folder_;
  std::filesystem::path file_ = folder_.path() / "input";
};

TEST_F(LoadTest, ReadsDevicesALine) {
  const auto devices = devices_from(holding("A1 key1\n\nB2\n  C3   key3  \n"));
  ASSERT_TRUE(devices) << devices.error().detail;
  ASSERT_EQ(devices->size(), 3U);
  EXPECT_EQ((*devices)[0].sn, "A1");
  EXPECT_EQ((*devices)[0].key, "key1");
  EXPECT_EQ((*devices)[1].key, "");
  EXPECT_EQ((*devices)[2].key, "key3");
}

TEST_F(LoadTest, SaysWhichLineIsNoDevice) {
  const auto devices = devices_from(holding("A1 key1\nB2 key2 more\n"));
  ASSERT_FALSE(devices);
  EXPECT_TRUE(devices.error().detail.contains("line 2")) << devices.error().detail;
  EXPECT_FALSE(devices_from("/nonexistent/devices"));
}

TEST_F(LoadTest, FillsADeviceInWhereverItIsNamed) {
  const LoadDevice device{.sn = "A1", .key = "{sn}"};
  EXPECT_EQ(filled_in("/device/{sn}/quota", device), "/device/A1/quota");
  EXPECT_EQ(filled_in("{sn}{key}{other}{", device), "A1{sn}{other}{");
  EXPECT_EQ(filled_in("", device), "");
}

TEST_F(LoadTest, ReadsAnAccessKey) {
  const auto key = access_key_from(holding("ACCESS SECRET\n"));
  ASSERT_TRUE(key) << key.error().detail;
  EXPECT_EQ(key->access_key, "ACCESS");
  EXPECT_TRUE(key->secret_key.matches("SECRET"));
  EXPECT_FALSE(access_key_from(holding("ACCESS\n")));
  EXPECT_FALSE(access_key_from("/nonexistent/key"));
}

TEST_F(LoadTest, ALoadThatCannotBeSaysWhy) {
  MqttLoad few = load_of(1);
  few.connections = 2;
  MqttLoad mute = load_of(1);
  mute.payloads.clear();
  MqttLoad shut = load_of(1);
  shut.window = 0;
  MqttLoad threads = load_of(1);
  threads.threads = 2;
  MqttLoad in_turn = load_of(2);
  in_turn.connections = in_turn.threads = 2;
  in_turn.in_turn = true;
  MqttLoad paced = load_of(1);
  paced.rate = 1;
  paced.in_turn = true;
  MqttLoad nowhere = load_of(1);
  nowhere.to.clear();
  for (const MqttLoad& load : {few, mute, shut, threads, in_turn, paced, nowhere}) {
    const auto summary = run(load);
    ASSERT_FALSE(summary);
    EXPECT_EQ(summary.error().code, ErrorCode::kBadParams) << summary.error().detail;
  }
}

TEST_F(LoadTest, ALoadOfSetsThatCannotBeSaysWhy) {
  SetLoad good;
  good.http.body = R"({"sn":"{sn}"})";
  good.http.devices.resize(1);
  good.http.key = {.access_key = "A", .secret_key = Secret("S")};
  SetLoad empty = good;
  empty.http.body.clear();
  SetLoad nobody = good;
  nobody.http.devices.clear();
  for (const SetLoad& load : {empty, nobody}) {
    EXPECT_EQ(run(load).error().code, ErrorCode::kBadParams);
  }
  HttpLoad unsigned_put = good.http;
  unsigned_put.key.access_key.clear();
  EXPECT_EQ(run(unsigned_put).error().code, ErrorCode::kBadParams);
}

TEST_F(LoadTest, DevicesThatCannotConnectEndALoadOfSets) {
  SetLoad load;
  load.http.body = "{}";
  load.http.devices = {{.sn = "A1", .key = "key"}};
  load.mqtt = {.host = "127.0.0.1", .port = 1};
  const auto summary = run(load);
  ASSERT_FALSE(summary);
  EXPECT_TRUE(summary.error().detail.contains("127.0.0.1:1")) << summary.error().detail;
}

TEST(SetResponder, RepliesWithTheIdOfTheSet) {
  for (const char* id : {"7", "\"8\"", "4294967296"}) {
    const auto reply = reply_to(std::string(R"({"params":{"a":1},"id":)") + id + "}");
    ASSERT_TRUE(reply) << id;
    EXPECT_EQ(*reply,
              std::string(R"({"id":)") + id + R"(,"version":"1.0","code":"0","data":{"ack":0}})");
  }
  for (const char* wrong : {"", "{", "[]", "{}", R"({"params":{"id":1}})"}) {
    EXPECT_FALSE(reply_to(wrong)) << wrong;
  }
}

TEST_F(LoadTest, AServerThatIsNotThereIsNamed) {
  MqttLoad devices = load_of(2);
  devices.to = {{.host = "127.0.0.1", .port = 1}, {.host = "127.0.0.1", .port = 2}};
  const auto mqtt = run(devices);
  ASSERT_FALSE(mqtt);
  EXPECT_TRUE(mqtt.error().detail.contains("127.0.0.1:1")) << mqtt.error().detail;
  HttpLoad load;
  load.to = {.host = "127.0.0.1", .port = 1};
  const auto http = run(load);
  ASSERT_FALSE(http);
  EXPECT_TRUE(http.error().detail.contains("127.0.0.1:1")) << http.error().detail;
}

TEST(Summary, TellsRatesAndWhatAnOperationCost) {
  Summary summary{.what = "mqtt", .connections = 3, .counts = {}, .cost = {}, .arrivals = {}};
  summary.counts.operations = 1000;
  summary.counts.latencies.add(std::chrono::milliseconds(2));
  summary.cost = {.from_s = 77.5,
                  .seconds = 2,
                  .own_s = 0.001,
                  .server_s = 0.01,
                  .server_mb = 12.5,
                  .server_calls = CallCounts{}};
  summary.cost.server_calls->values[static_cast<std::size_t>(Call::kCopies)] = 4000;
  summary.acknowledged = 1500;
  summary.arrivals = {.expected = 1000, .arrived = 999};
  const wire::JsonObject json = summary.to_json();
  EXPECT_EQ(json.at("from_s").to_number<double>(), 77.5);
  EXPECT_EQ(json.at("per_second").to_number<double>(), 500);
  EXPECT_EQ(json.at("acknowledged").to_number<int>(), 1500);
  EXPECT_EQ(json.at("own_cpu_us_per_operation").to_number<double>(), 1);
  EXPECT_EQ(json.at("server_cpu_us_per_operation").to_number<double>(), 10);
  EXPECT_EQ(json.at("server_mb").to_number<double>(), 12.5);
  const wire::Json& calls = json.at("server_per_operation");
  EXPECT_EQ(calls.at("copies").to_number<double>(), 4);
  EXPECT_EQ(json.at("latency_max_ms").to_number<double>(), 2);
  EXPECT_EQ(json.at("arrived").to_number<int>(), 999);
  EXPECT_FALSE(json.contains("first_error"));
  EXPECT_TRUE(summary.to_text().contains("999 of 1000"));
  EXPECT_TRUE(summary.to_text().contains(" copies 4"));
}

TEST(Summary, AnEmptySummaryDividesByNothing) {
  const Summary summary{.what = "http", .connections = 1, .counts = {}, .cost = {}, .arrivals = {}};
  EXPECT_EQ(summary.to_json().at("per_second").to_number<double>(), 0);
  EXPECT_FALSE(summary.to_json().contains("acknowledged"));
  EXPECT_EQ(summary.to_json().at("own_cpu_us_per_operation").to_number<double>(), 0);
}

TEST(Counts, KeepTheFirstError) {
  Counts one;
  Counts other;
  other.error("first");
  other.error("second");
  one.merge(other);
  one.error("third");
  EXPECT_EQ(one.errors, 3U);
  EXPECT_EQ(one.first_error, "first");
}

}  // namespace
}  // namespace gridloom::bench
