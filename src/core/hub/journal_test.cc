// Waiting for the journal: acknowledgements, the answers of sets, and publishers when the journal
// is behind; and the records that are written.

#include <gtest/gtest.h>

#include "base/chance.h"
#include "hub/clients/test_journal.h"
#include "journal/batch.h"
#include "journal/turn.h"
#include "testing/home.h"

namespace gridloom::hub {
namespace {

using journal::RecordKind;

struct JournaledHome : TestHome {
  JournaledHome() : TestHome(2) {
    platform.journal = &journal;
    add_account("anna");
    add_device("R331ZEB4ZEAL0528", "anna");
    anna = account("anna").id;
    sender = connect_device("R331ZEB4ZEAL0528");
    app = subscriber("anna");
    commit();
    app->take();
  }
  ~JournaledHome() { platform.journal = nullptr; }

  // Makes all records so far durable.
  void commit() {
    for (FakeJournal::Record& record : std::exchange(journal.records, {})) {
      if (record.durable) record.durable();
    }
    settle();
  }
  // "SN-number at name=text ..." for the rows of all batches so far.
  Lines rows() {
    Lines lines;
    for (const FakeJournal::Record& record : journal.records) {
      if (record.kind != RecordKind::kReports) continue;
      journal::BatchReader reader(record.payload);
      while (const auto* row = reader.next()) {
        std::string line = fmt::format("{} {}", row->device, row->at_ms - unix_ms(kTestStart));
        for (const auto& field : reader.fields()) {
          line += fmt::format(" {}={}", reader.names()[field.name], text_of(field.value));
        }
        lines.push_back(std::move(line));
      }
      EXPECT_FALSE(reader.failed());
    }
    return lines;
  }
  Lines audit() {
    Lines lines;
    for (const FakeJournal::Record& record : journal.records) {
      if (record.kind == RecordKind::kAudit) lines.push_back(record.payload);
    }
    return lines;
  }

  static constexpr std::string_view kSn = "R331ZEB4ZEAL0528";
  FakeJournal journal;
  registry::AccountId anna{};
  FakePtr sender;
  FakePtr app;
};

constexpr std::string_view kSet =
    R"({"id":7,"version":"1.0","moduleType":1,"operateType":"standbyTime",)"
    R"("params":{"standbyMin":60}})";

TEST(JournalTest, AReportOnTheShardsLoopWaitsForTheJournalAsOthersDo) {
  JournaledHome home;
  const auto device = std::make_shared<FakeClient>(
      home.hub->loop_of(home.kSn),
      must(home.hub->access().sign_in(home.kSn, home.device(home.kSn).key)), "near");
  home.hub->connected(device);
  home.settle();
  home.commit();
  ASSERT_TRUE(home.hub->shards().takes_report(*device));
  home.hub->shards().report(
      device, R"({"params":{"pd.soc":77}})",
      {.qos = Qos::kAtLeastOnce, .token = {.packet_id = 1, .qos = Qos::kAtLeastOnce}});
  home.settle();
  ASSERT_EQ(home.rows().size(), 1);
  EXPECT_TRUE(home.rows()[0].ends_with(" 0 pd.soc=77")) << home.rows()[0];
  EXPECT_TRUE(device->acks.empty());
  home.commit();
  EXPECT_EQ(device->acks.size(), 1);
  home.journal.is_behind = true;
  EXPECT_FALSE(home.hub->shards().takes_report(*device)) << "it has to hold credit";
}

// Gets the texts of the values that change.
struct ValueReader final : ChangeReader {
  void on_changes(ChangeBatch batch) override {
    for (const DeviceChanges& device : batch.devices) {
      for (const ValueChange& value : device.values) texts.push_back(value.text);
    }
  }
  Lines texts;
};

// A kit sends -14 as 65522, which the vendor's interface passes on.
TEST(JournalTest, HistoryAndReadersGetWhatADeviceMeansWithANumberWithoutASign) {
  JournaledHome home;
  constexpr std::string_view kKit = "M106ZAB4Z000001F";
  home.add_device(kKit, "anna");
  const FakePtr kit = home.connect_device(kKit, "kit");
  const auto reader = std::make_shared<ValueReader>();
  ChangeSubscription changes =
      home.hub->changes().subscribe({.reader = reader, .loop = &home.client_loop});
  changes.add(std::string(kKit));
  home.commit();
  home.report(kit, kKit, R"({"params":{"bmsTotal.totalAmp":65522,"bp5000.BP1.totalAmp":65521}})");
  ASSERT_EQ(home.rows().size(), 1);
  EXPECT_TRUE(home.rows()[0].ends_with(" 0 bmsTotal.totalAmp=-14 bp5000.BP1.totalAmp=-15"))
      << home.rows()[0];
  EXPECT_EQ(reader->texts, (Lines{"-14", "-15"}));
  Lines now;
  home.hub->read_twins(home.anna, {std::string(kKit)},
                       {.loop = &home.client_loop, .done = [&](const auto& twins) {
                          must(twins).front().values.for_each(
                              [&](std::size_t, std::string_view text) { now.emplace_back(text); });
                        }});
  home.settle();
  EXPECT_EQ(now, (Lines{"-14", "-15"}));
}

TEST(JournalTest, ReportsOfOneMillisecondHaveItsTimeInTheirOrder) {
  JournaledHome home;
  for (int i = 0; i < 1000; ++i) {
    home.report(home.sender, home.kSn, fmt::format(R"({{"params":{{"a":{}}}}})", i));
  }
  home.pass(Millis(1));
  home.report(home.sender, home.kSn, R"({"params":{"a":1}})");
  const Lines rows = home.rows();
  ASSERT_EQ(rows.size(), 1001);
  for (std::size_t i = 0; i < 1000; ++i) {
    ASSERT_TRUE(rows[i].ends_with(fmt::format(" 0 a={}", i))) << rows[i];
  }
  EXPECT_TRUE(rows[1000].ends_with(" 1 a=1")) << rows[1000];
}

TEST(JournalTest, TimesStandStillWhileAClockThatWasSetBackCatchesUp) {
  struct Step {
    std::int64_t clock_ms;
    std::int64_t kept_ms;
  };
  JournaledHome home;
  for (const Step& step :
       {Step{5000, 5000}, Step{4500, 5000}, Step{4000, 5000}, Step{5001, 5001}, Step{4000, 4000},
        Step{4001, 4001}, Step{-3'600'000, -3'600'000}, Step{-3'599'999, -3'599'999}}) {
    home.clock.set(kTestStart + Millis(step.clock_ms));
    home.report(home.sender, home.kSn, R"({"params":{"a":1}})");
    const std::string row = home.rows().back();
    EXPECT_TRUE(row.ends_with(fmt::format(" {} a=1", step.kept_ms)))
        << row << " by the clock " << step.clock_ms;
  }
  home.clock.set(kTestStart - Millis(3'600'500));
  home.leave(home.sender);
  EXPECT_TRUE(home.rows().back().ends_with(" -3599999 $online=0")) << home.rows().back();
}

// Any sequence of bursts, while the clock goes on, stands still, and is corrected a little.
TEST(JournalTest, TimesOfADeviceNeverDecreaseAndNoReportIsMissing) {
  JournaledHome home;
  const Chance chance(41);
  std::uint64_t rolls = 0;
  const auto below = [&](std::uint64_t most) {
    return static_cast<std::int64_t>(chance.bits(rolls++) % most);
  };
  std::int64_t now_ms = 0;
  std::size_t reports = 0;
  for (int burst = 0; burst < 200; ++burst) {
    home.clock.set(kTestStart + Millis(now_ms));
    for (std::int64_t left = 1 + below(30); left > 0; --left, ++reports) {
      home.report(home.sender, home.kSn, fmt::format(R"({{"params":{{"a":{}}}}})", below(2)));
    }
    now_ms += below(3) * below(400) - (below(5) == 0 ? below(200) : 0);
  }
  const Lines rows = home.rows();
  ASSERT_EQ(rows.size(), reports);
  std::int64_t last_ms = 0;
  for (const std::string& row : rows) {
    const std::int64_t at_ms = std::stoll(row.substr(row.find(' ') + 1));
    ASSERT_GE(at_ms, last_ms);
    last_ms = at_ms;
  }
}

TEST(JournalTest, AReportIsAcknowledgedOnceItIsDurable) {
  JournaledHome home;
  home.report(home.sender, home.kSn, R"({"params":{"pd.soc":77}})");
  EXPECT_TRUE(home.sender->acks.empty());
  EXPECT_EQ(home.app->take().size(), 1) << "subscribers do not wait";
  ASSERT_EQ(home.rows().size(), 1);
  EXPECT_TRUE(home.rows()[0].ends_with(" 0 pd.soc=77")) << home.rows()[0];
  home.commit();
  EXPECT_EQ(home.sender->acks.size(), 1);
}

TEST(JournalTest, ARecordSaysHowManyClientsWaitForIt) {
  JournaledHome home;
  Hub::Batch batch(*home.hub);
  for (int value = 0; value < 3; ++value) {
    const wire::mqtt::Message message{.topic = fmt::format("/device/{}/quota", home.kSn),
                                      .payload = fmt::format(R"({{"params":{{"a":{}}}}})", value)};
    EXPECT_TRUE(
        batch.add(home.sender, std::make_shared<const wire::mqtt::Message>(message),
                  {.qos = Qos::kAtLeastOnce, .token = {.packet_id = 1, .qos = Qos::kAtLeastOnce}}));
  }
  batch.post(home.sender);
  home.settle();
  ASSERT_EQ(home.journal.records.size(), 1);
  EXPECT_EQ(home.journal.records[0].waiters, 3);
  home.commit();
  home.report(home.sender, home.kSn, R"({"params":{"a":4}})");
  ASSERT_EQ(home.journal.records.size(), 1);
  EXPECT_EQ(home.journal.records[0].waiters, 1) << "counted anew for each record";
}

TEST(JournalTest, AReportThatMayHaveComeBeforeIsMarkedIfItsOwnTimeTellsIt) {
  JournaledHome home;
  const auto resend = [&home](std::string payload) {
    home.publish(
        home.sender,
        {.topic = fmt::format("/device/{}/quota", home.kSn), .payload = std::move(payload)},
        {.qos = Qos::kAtLeastOnce,
         .resent = true,
         .token = {.packet_id = 1, .qos = Qos::kAtLeastOnce}});
  };
  resend(R"({"params":{"a":1}})");
  resend(fmt::format(R"({{"timestamp":{},"params":{{"a":2}}}})", unix_ms(kTestStart) - 5));
  ASSERT_EQ(home.rows().size(), 2);
  EXPECT_TRUE(home.rows()[0].ends_with(" 0 a=1")) << home.rows()[0];
  EXPECT_TRUE(home.rows()[1].ends_with(" -5 a=2 $resent=1")) << home.rows()[1];
}

// Reports that came together are not compared with each other.
TEST(JournalTest, OnlyOneOfEqualReportsOfOneTimeMayHaveComeBefore) {
  JournaledHome home;
  const auto resend = [&home](std::int64_t ago_ms, int value, bool stream_is_complete) {
    home.publish(home.sender,
                 {.topic = fmt::format("/device/{}/quota", home.kSn),
                  .payload = fmt::format(R"({{"timestamp":{},"params":{{"a":{}}}}})",
                                         unix_ms(kTestStart) - ago_ms, value)},
                 {.qos = Qos::kAtLeastOnce,
                  .resent = true,
                  .identity = {.is_complete = stream_is_complete},
                  .token = {.packet_id = 1, .qos = Qos::kAtLeastOnce}});
    return home.rows().back().ends_with("$resent=1");
  };
  EXPECT_FALSE(resend(9, 0, true)) << "its stream knows what came before";
  EXPECT_TRUE(resend(9, 0, false));
  EXPECT_TRUE(resend(9, 1, false));
  EXPECT_FALSE(resend(9, 0, false));
  EXPECT_FALSE(resend(9, 1, false));
  EXPECT_TRUE(resend(8, 0, false));
  EXPECT_FALSE(resend(9, 2, false)) << "a time that it went past";
  EXPECT_FALSE(resend(8, 0, false));
  EXPECT_EQ(home.rows().size(), 8);
}

TEST(JournalTest, ADeviceCannotUseThePlatformsOwnNames) {
  JournaledHome home;
  home.report(home.sender, home.kSn, R"({"params":{"$resent":1,"$online":0,"a":1}})");
  ASSERT_EQ(home.rows().size(), 1);
  EXPECT_TRUE(home.rows()[0].ends_with(" 0 a=1")) << home.rows()[0];
  EXPECT_EQ(home.platform.counters.quotas_refused.load(), 2U);
  EXPECT_EQ(home.read_all(home.anna, home.kSn), R"({"a":1})");
}

TEST(JournalTest, AReceiptIsInTheRecordOfItsPublication) {
  JournaledHome home;
  home.publish(
      home.sender,
      {.topic = fmt::format("/device/{}/quota", home.kSn), .payload = R"({"params":{"a":1}})"},
      {.qos = Qos::kAtLeastOnce,
       .identity = {.stream = 7, .receipt = {.packet_id = 1, .digest = 9}},
       .token = {.packet_id = 1, .qos = Qos::kAtLeastOnce}});
  ASSERT_EQ(home.journal.records.size(), 1);
  EXPECT_EQ(home.journal.records[0].kind, RecordKind::kTurn);
  const auto turn = journal::read_turn(home.journal.records[0].payload);
  ASSERT_TRUE(turn);
  EXPECT_FALSE(turn->batch.empty());
  std::vector<Receipt> taken;
  EXPECT_TRUE(each_change(turn->session_changes, [&taken](const SessionChange& change) {
    taken.push_back(std::get<PublicationTaken>(change).receipt);
  }));
  EXPECT_EQ(taken, (std::vector<Receipt>{{.packet_id = 1, .digest = 9}}));
  EXPECT_TRUE(home.sender->acks.empty());
  home.commit();
  EXPECT_EQ(home.sender->acks.size(), 1);
}

TEST(JournalTest, AMessageThatIsNotAReportIsAcknowledgedAtOnce) {
  JournaledHome home;
  home.report(home.sender, home.kSn, "no JSON");
  EXPECT_EQ(home.sender->acks.size(), 1);
  home.publish(home.sender, fmt::format("/device/{}/set_reply", home.kSn), R"({"id":1})");
  EXPECT_EQ(home.sender->acks.size(), 2);
  EXPECT_TRUE(home.rows().empty());
}

TEST(JournalTest, ADevicesOwnTimeCountsIfItCanBe) {
  struct Row {
    std::int64_t told_ms;  // after now
    std::int64_t kept_ms;
  };
  constexpr std::int64_t kDay = 24 * 3600 * 1000;
  for (const Row& row : {Row{-5000, -5000}, Row{30'000, 30'000}, Row{60'001, 0}, Row{-kDay, -kDay},
                         Row{-kDay - 1, 0}}) {
    JournaledHome home;
    home.report(
        home.sender, home.kSn,
        fmt::format(R"({{"timestamp":{},"params":{{"a":1}}}})", unix_ms(kTestStart) + row.told_ms));
    ASSERT_EQ(home.rows().size(), 1);
    EXPECT_TRUE(home.rows()[0].ends_with(fmt::format(" {} a=1", row.kept_ms))) << home.rows()[0];
  }
}

TEST(JournalTest, ComingAndGoingIsWrittenDown) {
  JournaledHome home;
  home.leave(home.sender);
  ASSERT_EQ(home.rows().size(), 1);
  EXPECT_TRUE(home.rows()[0].ends_with(" 0 $online=0")) << home.rows()[0];
  home.connect_device(home.kSn);
  ASSERT_EQ(home.rows().size(), 2);
  EXPECT_TRUE(home.rows()[1].ends_with(" 0 $online=1")) << home.rows()[1];
}

TEST(JournalTest, TheBeginningOfALongSetIsAudited) {
  for (const std::size_t bytes : {4096U, 4097U}) {
    JournaledHome home;
    std::string message =
        R"({"version":"1.0","moduleType":1,"operateType":"standbyTime","params":{"standbyMin":60},)"
        R"("id":""})";
    home.publish(home.app, home.open("anna", fmt::format("{}/set", home.kSn)),
                 message.insert(message.size() - 2, bytes - message.size(), 'y'));
    ASSERT_EQ(home.audit().size(), 1);
    const std::string entry = home.audit()[0];
    EXPECT_EQ(payload_of(home.sender->take().at(0)).size(), bytes) << "the device gets all";
    if (bytes == 4096) {
      EXPECT_EQ(member_of(entry, "message"), message);
      EXPECT_EQ(member_of(entry, "messageBytes"), "");
    } else {
      EXPECT_TRUE(member_of(entry, "message").starts_with(R"("{\"version\":)")) << entry;
      EXPECT_EQ(member_of(entry, "messageBytes"), "4097");
      EXPECT_LT(entry.size(), 5000U);
    }
  }
}

// The report with the new value comes before the reply; the outcome is written after it.
TEST(JournalTest, ASetIsAnsweredOnceAllThatItCausedIsDurable) {
  for (const bool over_http : {true, false}) {
    JournaledHome home;
    const std::string set = fmt::format("{}/set", home.kSn);
    std::optional<decltype(home.set(home.anna, home.kSn, kSet))> answer;
    if (over_http) {
      answer.emplace(home.set(home.anna, home.kSn, kSet));
    } else {
      home.publish(home.app, home.open("anna", set), std::string(kSet));
    }
    const Lines got = home.sender->take();
    ASSERT_EQ(got.size(), 1);
    const std::string id = member_of(payload_of(got[0]), "id");
    const auto is_answered = [&] {
      const Lines lines = home.app->take();
      return over_http ? answer->here() : std::ranges::any_of(lines, [](const std::string& line) {
        return line.contains("set_reply");
      });
    };
    home.commit();
    home.app->take();
    home.report(home.sender, home.kSn, R"({"params":{"pd.standByMode":60}})");
    home.publish(home.sender, fmt::format("/device/{}/set_reply", home.kSn),
                 fmt::format(R"({{"id":{},"code":"0"}})", id));
    EXPECT_FALSE(is_answered()) << "only the set is durable";
    ASSERT_EQ(home.journal.records.size(), 2) << "the report, and the outcome";
    home.journal.records[0].durable();
    home.settle();
    EXPECT_FALSE(is_answered()) << "the outcome is not";
    home.journal.records[1].durable();
    home.journal.records.clear();
    home.settle();
    EXPECT_TRUE(is_answered());
  }
}

TEST(JournalTest, ASetIsAnsweredOnceItIsWrittenDown) {
  JournaledHome home;
  const auto answer = home.set(home.anna, home.kSn, kSet);
  const Lines got = home.sender->take();
  ASSERT_EQ(got.size(), 1) << "the device gets it at once";
  ASSERT_EQ(home.audit().size(), 1);
  EXPECT_EQ(member_of(home.audit()[0], "what"), R"("set")");
  EXPECT_EQ(member_of(home.audit()[0], "who"), R"("anna")");
  EXPECT_EQ(member_of(home.audit()[0], "through"), R"("http")");
  EXPECT_EQ(member_of(home.audit()[0], "sn"), fmt::format("\"{}\"", home.kSn));
  EXPECT_EQ(member_of(home.audit()[0], "at"), fmt::to_string(unix_ms(kTestStart)));
  home.publish(home.sender, fmt::format("/device/{}/set_reply", home.kSn),
               fmt::format(R"({{"id":{},"code":"0"}})", member_of(payload_of(got[0]), "id")));
  EXPECT_FALSE(answer.here());
  home.commit();
  EXPECT_TRUE(answer.here());
}

// The audit's entries without "at" and "message".
Lines entries(JournaledHome& home) {
  Lines lines;
  for (const std::string& entry : home.audit()) {
    wire::JsonObject object = must(wire::parse_json(entry)).as_object();
    object.erase("at");
    object.erase("message");
    lines.push_back(wire::to_text(object));
  }
  return lines;
}

TEST(JournalTest, TheOutcomeOfASetIsAudited) {
  struct Row {
    std::string_view reply;  // empty: the device does not reply
    std::string_view outcome;
  };
  const std::string silent = fmt::format(
      R"("outcome":"unanswered","why":"{} did not answer within 8 s")", JournaledHome::kSn);
  for (const Row& row :
       {Row{R"("code":"0","data":{"ack":0})", R"("outcome":"answered","code":"0")"},
        Row{R"("code":5)", R"("outcome":"answered","code":"5")"},
        Row{R"("data":{})", R"("outcome":"answered")"},
        Row{R"("code":"1008","message":"no such thing")",
            R"("outcome":"refused","why":"no such thing")"},
        Row{"", silent}}) {
    JournaledHome home;
    const auto answer = home.set(home.anna, home.kSn, kSet);
    const std::string id = member_of(payload_of(home.sender->take().at(0)), "id");
    home.commit();
    if (row.reply.empty()) {
      home.pass(home.platform.config.set_deadline);
    } else {
      home.publish(home.sender, fmt::format("/device/{}/set_reply", home.kSn),
                   fmt::format(R"({{"id":{},{}}})", id, row.reply));
    }
    EXPECT_FALSE(answer.here()) << "it waits for the outcome";
    EXPECT_EQ(entries(home),
              Lines{fmt::format(
                  R"({{"what":"set_reply","who":"anna","through":"http","sn":"{}","id":"{}",{}}})",
                  home.kSn, id, row.outcome)});
    home.commit();
    EXPECT_TRUE(answer.here());
  }
}

TEST(JournalTest, ARefusedSetIsWrittenDownButNotOften) {
  JournaledHome home;
  home.add_account("ben");
  const auto ben = home.account("ben").id;
  const auto app = home.connect_app("ben");
  home.commit();
  static_cast<void>(home.set(ben, home.kSn, kSet));
  home.publish(app, home.open("ben", fmt::format("{}/set", home.kSn)), std::string(kSet));
  EXPECT_EQ(
      entries(home),
      (Lines{fmt::format(R"({{"what":"set_refused","who":"ben","through":"http","sn":"{0}",)"
                         R"("why":"{0} is not a device that this account may set"}})",
                         home.kSn),
             fmt::format(
                 R"({{"what":"set_refused","who":"ben","through":"mqtt","sn":"{0}",)"
                 R"("by":"client app","why":"{0} is not a device that this account may set"}})",
                 home.kSn)}));
  for (int i = 0; i < 100; ++i) static_cast<void>(home.set(ben, home.kSn, kSet));
  EXPECT_EQ(home.audit().size(), 10);
  home.pass(Millis(1000));
  static_cast<void>(home.set(ben, home.kSn, R"({"moduleType":1})"));
  ASSERT_EQ(home.audit().size(), 11);
  EXPECT_EQ(member_of(home.audit().back(), "leftOut"), "92");
}

TEST(JournalTest, ASetThatTheFamilyRefusesIsWrittenDownOnce) {
  JournaledHome home;
  static_cast<void>(home.set(home.anna, home.kSn, R"({"moduleType":1,"operateType":"fly"})"));
  ASSERT_EQ(entries(home).size(), 1);
  EXPECT_EQ(member_of(home.audit()[0], "what"), R"("set_refused")");
  home.commit();
  EXPECT_TRUE(home.audit().empty());
}

TEST(JournalTest, ASetOverMqttIsAcknowledgedOnceItIsWrittenDown) {
  JournaledHome home;
  home.publish(home.app, home.open("anna", fmt::format("{}/set", home.kSn)), std::string(kSet));
  EXPECT_TRUE(home.app->acks.empty());
  ASSERT_EQ(home.audit().size(), 1);
  EXPECT_EQ(member_of(home.audit()[0], "through"), R"("mqtt")");
  home.commit();
  EXPECT_EQ(home.app->acks.size(), 1);
}

TEST(JournalTest, ASetThatCannotBeRecordedIsRefused) {
  JournaledHome home;
  home.journal.why = "cannot write /data/log/1.log: No space left on device";
  const auto answer = home.set(home.anna, home.kSn, kSet);
  EXPECT_EQ(answer.text(),
            "1000 the set is refused, because it cannot be recorded: No space left on device");
  EXPECT_TRUE(home.sender->take().empty());
}

TEST(JournalTest, PublishersWaitForAJournalThatIsBehind) {
  JournaledHome home;
  home.journal.is_behind = true;
  const std::string big = fmt::format(R"({{"params":{{"a":"{}"}}}})", std::string(40'000, 'x'));
  home.report(home.sender, home.kSn, big);
  EXPECT_TRUE(home.sender->is_throttled());
  home.commit();
  EXPECT_TRUE(home.sender->is_throttled()) << "still behind";
  home.journal.is_behind = false;
  home.pass(Millis(250));
  EXPECT_FALSE(home.sender->is_throttled());
  EXPECT_EQ(home.sender->told_to_go_on, 1);
}

TEST(JournalTest, AnAccountOverItsDailyWritesIsReadAsItIsRefunded) {
  JournaledHome home;
  home.sender->use_flow(
      std::make_shared<AccountFlow>(AccountFlow::Limits{.written_bytes_a_day = 50'000}));
  const std::string big = fmt::format(R"({{"params":{{"a":"{}"}}}})", std::string(40'000, 'x'));
  home.report(home.sender, home.kSn, big);
  EXPECT_FALSE(home.sender->is_throttled());
  home.report(home.sender, home.kSn, big);
  EXPECT_TRUE(home.sender->is_throttled());
  home.pass(std::chrono::hours(1));
  EXPECT_TRUE(home.sender->is_throttled()) << "2 KB came back of 30";
  home.pass(std::chrono::hours(14));
  EXPECT_FALSE(home.sender->is_throttled());
  EXPECT_EQ(home.sender->told_to_go_on, 2);
}

TEST(JournalTest, ATwinIsSavedWhenItChanged) {
  JournaledHome home;
  std::vector<SavedTwin> saved;
  const auto save = [&] {
    saved.clear();
    home.hub->saved_state().save_twins(
        [&](std::vector<SavedTwin> twins) { std::ranges::move(twins, std::back_inserter(saved)); });
    home.settle();
    return saved.size();
  };
  EXPECT_EQ(save(), 0);
  home.report(home.sender, home.kSn, R"({"params":{"pd.soc":77}})");
  EXPECT_EQ(save(), 1);
  EXPECT_EQ(save(), 0);
  home.report(home.sender, home.kSn, R"({"params":{"pd.soc":78}})");
  EXPECT_EQ(save(), 1);
}

// Both come with one read, so the original's changes are not recorded yet.
TEST(NoJournal, ARepetitionIsAcknowledged) {
  TestHome home(1);
  home.platform.sessions = SessionKeeper{.take = [](std::string_view) {}};
  home.add_account("anna");
  home.add_device("R331ZEB4ZEAL0528", "anna");
  const FakePtr device = home.connect_device("R331ZEB4ZEAL0528");
  Hub::Batch batch(*home.hub);
  for (const bool repeated : {false, true}) {
    const auto report = std::make_shared<const wire::mqtt::Message>(wire::mqtt::Message{
        .topic = "/device/R331ZEB4ZEAL0528/quota", .payload = R"({"params":{"pd.soc":77}})"});
    EXPECT_TRUE(batch.add(device, report,
                          {.qos = Qos::kAtLeastOnce,
                           .identity = {.stream = 1, .repeated = repeated},
                           .token = {.packet_id = 1, .qos = Qos::kAtLeastOnce}}));
  }
  batch.post(device);
  home.settle();
  EXPECT_EQ(device->acks.size(), 2U);
}

}  // namespace
}  // namespace gridloom::hub
