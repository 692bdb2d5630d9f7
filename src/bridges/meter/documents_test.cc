// What the emulated meters say, beside what batteries read of the real ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridges/meter/documents.h"

namespace gridloom::bridges::meter {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr Reading kReading{
    .power_w = -412.34, .average_w = 80.6, .in_wh = 1234.567, .out_wh = 89.04};

TEST(EcoTracker, HasPowersInWholeWattsAndEnergies) {
  EXPECT_EQ(wire::to_text(eco_tracker_document(kReading)),
            R"({"power":-412,"powerAvg":81,"energyCounterIn":1234.6,"energyCounterOut":89})");
}

TEST(EcoTracker, HasPhasesWhereTheyAreKnown) {
  Reading reading = kReading;
  reading.phases_w = {100.4, -600, 87.6};
  EXPECT_THAT(wire::to_text(eco_tracker_document(reading)),
              HasSubstr(R"("powerPhase1":100,"powerPhase2":-600,"powerPhase3":88)"));
}

std::string result_of(std::string_view method, std::int64_t component = 0,
                      const std::optional<Reading>& reading = kReading) {
  const auto result = Shelly("0a1b2c3d4e5f").call(method, component, reading);
  return wire::to_text(result ? *result : to_json(result.error()));
}

TEST(Shelly, AnswersItsMethods) {
  struct Case {
    std::string_view method;
    std::int64_t component;
    std::vector<std::string_view> has;
  };
  const std::vector<Case> cases = {
      {"EM.GetStatus",
       0,
       {R"("a_act_power":-412.3)", R"("b_act_power":0)", R"("total_act_power":-412.3)",
        R"("a_aprt_power":412.3)"}},
      {"em.getstatus", 0, {R"("total_act_power":-412.3)"}},
      {"EM1.GetStatus", 0, {R"("id":0)", R"("act_power":-412.3)"}},
      {"EM1.GetStatus", 2, {R"("id":2)", R"("act_power":0)"}},
      {"EMData.GetStatus", 0, {R"("total_act":1234.57)", R"("total_act_ret":89.04)"}},
      {"EM1Data.GetStatus", 0, {R"("total_act_energy":1234.57)"}},
      {"Shelly.GetDeviceInfo",
       0,
       {R"("id":"shellypro3em-0a1b2c3d4e5f")", R"("mac":"0A1B2C3D4E5F")", R"("app":"Pro3EM")",
        R"("gen":2)"}},
      {"Shelly.GetStatus", 0, {R"("em:0":{"id":0,)", R"("emdata:0":{"id":0,)"}},
      {"Shelly.ListMethods", 0, {R"("EM.GetStatus")"}},
      {"Sys.GetStatus", 0, {R"("mac":"0A1B2C3D4E5F")"}},
      {"EM.GetStatus", 1, {R"("code":-105)"}},
      {"EM1.GetStatus", 3, {R"("code":-105)"}},
      {"EM.SetConfig", 0, {R"("code":404)", "No handler for EM.SetConfig"}},
  };
  for (const Case& each : cases) {
    for (const std::string_view part : each.has) {
      EXPECT_THAT(result_of(each.method, each.component), HasSubstr(part)) << each.method;
    }
  }
}

TEST(Shelly, AnUnknownPowerIsAnErrorAndNeverZero) {
  for (const std::string_view method :
       {"EM.GetStatus", "EM1.GetStatus", "EMData.GetStatus", "Shelly.GetStatus"}) {
    EXPECT_EQ(result_of(method, 0, std::nullopt),
              R"({"code":-109,"message":"The power is not known"})")
        << method;
  }
  EXPECT_THAT(result_of("Shelly.GetDeviceInfo", 0, std::nullopt), HasSubstr("Pro3EM"));
}

TEST(Shelly, AnswersFrames) {
  const Shelly shelly("0a1b2c3d4e5f");
  const auto answer = [&](std::string_view frame) { return shelly.answer(frame, kReading).frame; };
  EXPECT_THAT(
      answer(R"({"id":7,"src":"app","method":"EM1.GetStatus","params":{"id":1}})"),
      HasSubstr(
          R"({"id":7,"src":"shellypro3em-0a1b2c3d4e5f","dst":"app","result":{"id":1,"current":0)"));
  EXPECT_THAT(answer(R"({"id":"x","method":"EM.GetStatus"})"), HasSubstr(R"({"id":"x","src")"));
  EXPECT_THAT(answer(R"({"id":1,"method":"Switch.Toggle"})"),
              HasSubstr(R"("error":{"code":404,"message":"No handler for Switch.Toggle"})"));
  const auto unknown = shelly.answer(R"({"id":1,"method":"EM.GetStatus"})", std::nullopt);
  ASSERT_TRUE(unknown.error);
  EXPECT_EQ(unknown.error->code, RpcError::kUnavailable);
}

TEST(Shelly, IsSilentAboutWhatIsNoFrame) {
  const Shelly shelly("0a1b2c3d4e5f");
  for (const std::string& frame :
       {std::string(), std::string("hello"), std::string("[]"), std::string("{}"),
        std::string(R"({"method":5})"), std::string(R"({"id":1,"method":"")"),
        R"({"id":1,"method":"EM.GetStatus","x":")" + std::string(kMaxFrame, 'x') + "\"}",
        std::string(kMaxFrame, '[')}) {
    EXPECT_THAT(shelly.answer(frame, kReading).frame, IsEmpty()) << frame.substr(0, 40);
  }
}

}  // namespace
}  // namespace gridloom::bridges::meter
