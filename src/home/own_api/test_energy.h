// A server whose devices report for hours, for tests of energies over the API. Test-only.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/message/headers.h"
#include "api/schema/body.h"
#include "api/schema/test_check.h"
#include "history/energy_query.h"
#include "history/test_archive.h"
#include "own_api/test_own_api.h"
#include "testing/home.h"
#include "time/test_zone.h"

namespace gridloom::api {

inline constexpr std::string_view kEnergyOcean = "HJ31ZDH2ZF690025";
inline constexpr std::string_view kEnergyDelta = "R331ZEB4ZEAL0528";
inline constexpr std::string_view kEnergyPanel = "SP10ZAW5ZE9E0052";

// 2026-10-25: this day has 25 hours in the test's zone.
inline constexpr TimePoint kMidnight{std::chrono::seconds(1'792'879'200)};

class EnergyApiTest : public testing::Test {
 protected:
  EnergyApiTest() {
    home.platform.journal = &journal;
    home.platform.zone = time::test_zone("CET-1CEST,M3.5.0,M10.5.0/3");
    home.add_account("alice");
    home.add_account("bob");
    for (const std::string_view sn : {kEnergyOcean, kEnergyDelta, kEnergyPanel})
      home.add_device(sn, "alice");
    home.clock.set(kMidnight);
    api.add(std::make_unique<OwnRoutes>(parts.services, api.gate(), home.client_loop));
  }

  // Sends the same report every minute, including both ends, with times of its own: the last one of
  // a span and the first one of the next have the same.
  void steady(std::string_view sn, Millis from, Millis to, const std::string& report) {
    const FakePtr device = home.connect_device(sn);
    for (Millis at = from; at <= to; at += std::chrono::minutes(1)) {
      home.clock.set(kMidnight + at);
      const std::int64_t at_ms = unix_ms(kMidnight + at);
      home.report(device, sn, fmt::format(R"({{"timestamp":{},{})", at_ms, report.substr(1)));
    }
  }
  // The text under `data`, which is as `body` describes it, or the whole refusal.
  std::string ask(std::string_view path, std::string_view query, std::string_view as,
                  schema::BodyOf body) {
    http::Request made;
    made.method = http::Method::kGet;
    made.path = path;
    made.query = query;
    const auto key = *home.registry->directory()->keys_of(home.account(as).id).at(0);
    made.headers[header::kAccessKey] = key.access_key;
    made.headers[header::kNonce] = "345164";
    made.headers[header::kTimestamp] = "1671171709428";
    auto mac = must(wire::KeyedMac::make(key.secret_key));
    made.headers[header::kSign] = must(wire::sign({.content_type = {},
                                                   .query = made.query,
                                                   .body = {},
                                                   .access_key = made.headers[header::kAccessKey],
                                                   .nonce = made.headers[header::kNonce],
                                                   .timestamp = made.headers[header::kTimestamp],
                                                   .sign = {}},
                                                  mac));
    std::optional<http::Response> answer;
    api.handle(std::move(made), [&](http::Response response) { answer = std::move(response); });
    home.settle();
    if (!answer) return "no answer";
    const std::string data = member_of(answer->body, "data");
    if (!data.empty()) {
      EXPECT_THAT(schema::differences(must(wire::parse_json(data)), body()), testing::IsEmpty())
          << data;
    }
    return data.empty() ? fmt::format("{} {}", answer->status, answer->body) : data;
  }
  static std::vector<std::string> buckets(const std::string& data) {
    const auto parsed = must(wire::parse_json(data));
    std::vector<std::string> all;
    for (const wire::Json& bucket : parsed.as_object().at("buckets").as_array()) {
      all.push_back(wire::to_text(bucket));
    }
    return all;
  }

  TestHome home;
  TestClock archive_clock{kMidnight};
  std::unique_ptr<history::Archive> archive = history::open_archive(
      home.folder.data(), archive_clock, history::hour_integrator_by([this](std::int64_t number) {
        return number == home.device(kEnergyOcean).number
                   ? shipped_catalog()->of_serial(kEnergyOcean)
                   : nullptr;
      }));
  history::InstantJournal journal{*archive};
  bool busy = false;
  sign_in::SignIn sign_in{
      {.registry = home.registry.get(), .wall = &home.clock, .steady = &home.clock}};
  Api api{{.hub = home.hub.get(), .loop = &home.client_loop}};
  OwnParts parts{home, *archive, home.clock,
                 [this](auto task) {
                   if (busy) return false;
                   history::read_now(*archive, std::move(task));
                   return true;
                 },
                 sign_in};
};

inline constexpr std::string_view kSunny =
    R"({"typeCode":"energy","params":{"mpptPwr":3000,"bpPwr":500,"sysGridPwr":-1000,)"
    R"("sysLoadPwr":1500,"evPwr":0}})";
inline constexpr std::string_view kDark =
    R"({"typeCode":"energy","params":{"mpptPwr":0,"bpPwr":-500,"sysGridPwr":500,)"
    R"("sysLoadPwr":1000,"evPwr":0}})";

}  // namespace gridloom::api
