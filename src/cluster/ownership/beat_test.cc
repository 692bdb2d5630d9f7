#include "ownership/beat.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace gridloom::cluster {
namespace {

Beat any_beat() {
  return {.node = {.name = "n-1", .incarnation = 0x7000'0000'0000'0001},
          .version = "0.1.0",
          .address = "10.0.0.1:8883",
          .rival = 5,
          .sent_ms = 1'700'000'000'000,
          .phase = Phase::kServing,
          .takes_slots = true,
          .changes = 300,
          .served = {{.slot = Slot{0}, .revision = 1}, {.slot = Slot{63}, .revision = 1'000}}};
}

TEST(BeatBytes, AreReadAsTheyWereWritten) {
  EXPECT_EQ(beat_in(bytes_of(any_beat())), any_beat());
  const Beat least{.node = {.name = "a", .incarnation = 1}};
  EXPECT_EQ(beat_in(bytes_of(least)), least);
}

TEST(BeatBytes, OfALaterProgramMayHaveMoreAtTheirEnd) {
  EXPECT_EQ(beat_in(bytes_of(any_beat()) + "more"), any_beat());
}

TEST(BeatBytes, AreRefusedIfTheyEndTooEarlyOrHaveAnotherForm) {
  const std::string bytes = bytes_of(any_beat());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(beat_in(std::string_view(bytes).substr(0, size))) << size;
  }
  EXPECT_FALSE(beat_in("\x02" + bytes.substr(1)));
}

TEST(BeatBytes, AreRefusedIfTheyCannotBeOfANode) {
  const auto with = [](auto change) {
    Beat beat = any_beat();
    change(beat);
    return beat_in(bytes_of(beat));
  };
  EXPECT_FALSE(with([](Beat& beat) { beat.node.name = ""; }));
  EXPECT_FALSE(with([](Beat& beat) { beat.node.name = "a.b"; }));
  EXPECT_FALSE(with([](Beat& beat) { beat.node.name = std::string(64, 'a'); }));
  EXPECT_TRUE(with([](Beat& beat) { beat.node.name = std::string(63, 'a'); }));
  EXPECT_FALSE(with([](Beat& beat) { beat.node.incarnation = 0; }));
  EXPECT_FALSE(with([](Beat& beat) { beat.phase = static_cast<Phase>(3); }));
  EXPECT_FALSE(with([](Beat& beat) { beat.served.front().slot = Slot{64}; }));
  EXPECT_FALSE(with([](Beat& beat) { beat.served.front().revision = 0; }));
  EXPECT_TRUE(with([](Beat& beat) { beat.served.front().revision = std::int64_t{1} << 52U; }));
  EXPECT_FALSE(
      with([](Beat& beat) { beat.served.front().revision = (std::int64_t{1} << 52U) + 1; }));
  EXPECT_FALSE(with([](Beat& beat) { beat.node.name = "\xff"; }));
  EXPECT_FALSE(with([](Beat& beat) { beat.served.resize(65, beat.served.front()); }));
}

TEST(BeatBytes, TextsForPeopleArePrintable) {
  Beat beat = any_beat();
  beat.version = "\xff\"1\x1b[2J";
  beat.address = "a\n\xc3";
  const auto read = beat_in(bytes_of(beat));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->version, "?\"1?[2J");
  EXPECT_EQ(read->address, "a??");
}

TEST(BeatBytes, CutTextsThatAreTooLong) {
  Beat beat = any_beat();
  beat.address = std::string(kLongestBeatText + 1, 'a');
  EXPECT_EQ(beat_in(bytes_of(beat))->address, std::string(kLongestBeatText, 'a'));
}

}  // namespace
}  // namespace gridloom::cluster
