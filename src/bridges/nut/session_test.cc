#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bridges/nut/session.h"
#include "testing/clock.h"
#include "testing/loop.h"

namespace gridloom::bridges::nut {
namespace {

struct NutSessionTest : testing::Test {
  NutSessionTest() {
    auto all = std::make_shared<UpsMap>();
    Ups ups{.sn = "R33", .alias = "cellar", .description = "Cellar (DELTA 2)"};
    ups.variables = {{"ups.status", "OL CHRG"}, {"battery.charge", "62"}, {"ups.alarm", "a \"b\""}};
    (*all)["R33"] = (*all)["cellar"] = std::make_shared<const Ups>(ups);
    ups.sn = "R34";
    ups.is_stale = true;
    (*all)["R34"] = std::make_shared<const Ups>(ups);
    board.show(all);
  }

  std::shared_ptr<Session> connect(std::string peer = "192.0.2.1") {
    return std::make_shared<Session>(
        net::ConnectionContext{.loop = loop, .wake = [] {}, .peer = std::move(peer)}, clients,
        clock.now());
  }
  std::string ask(Session& session, std::string_view lines) const {
    session.receive(lines, clock.now());
    while (session.has_work()) session.work();
    std::string out;
    session.take_output(out);
    return out;
  }
  std::string ask(std::string_view lines) { return ask(*connect(), lines); }
  std::shared_ptr<Session> signed_in(std::string_view ups = "R33") {
    auto session = connect();
    EXPECT_EQ(ask(*session, fmt::format("USERNAME mon\nPASSWORD pass\nLOGIN {}\n", ups)),
              "OK\nOK\nOK\n");
    return session;
  }

  TestClock clock;
  ManualLoop loop;
  UpsBoard board;
  Health health{clock, "nut"};
  static constexpr std::size_t kFailures = 10;
  FailureBudget failures{kFailures};
  std::vector<std::string> audit;
  Clients clients{{.user = "mon",
                   .password = Secret("pass"),
                   .board = &board,
                   .health = &health,
                   .name = "bridge ups",
                   .failures = &failures,
                   .audit = [this](const hub::AccessEvent& event) {
                     EXPECT_EQ(event.through, "nut");
                     EXPECT_EQ(event.by, "bridge ups");
                     EXPECT_TRUE(event.from.starts_with("192.0.2."));
                     audit.push_back(fmt::format("{} {} {} {}", event.what, event.client, event.sn,
                                                 event.refused));
                   }}};
};

TEST_F(NutSessionTest, AnswersAsTheProtocolSays) {
  struct Case {
    std::string_view request;
    std::string_view answer;
  };
  for (const Case& each :
       {Case{"LIST UPS\n",
             "BEGIN LIST UPS\nUPS R33 \"Cellar (DELTA 2)\"\nUPS R34 \"Cellar (DELTA 2)\"\nEND LIST "
             "UPS\n"},
        Case{"GET VAR R33 battery.charge\n", "VAR R33 battery.charge \"62\"\n"},
        Case{"GET VAR cellar ups.status\r\n", "VAR cellar ups.status \"OL CHRG\"\n"},
        Case{"GET VAR R33 \"ups.alarm\"\n", "VAR R33 ups.alarm \"a \\\"b\\\"\"\n"},
        Case{"LIST VAR R33\n",
             "BEGIN LIST VAR R33\nVAR R33 battery.charge \"62\"\nVAR R33 ups.alarm \"a "
             "\\\"b\\\"\"\nVAR R33 ups.status \"OL CHRG\"\nEND LIST VAR R33\n"},
        Case{"GET VAR R33 ups.load\n", "ERR VAR-NOT-SUPPORTED\n"},
        Case{"GET VAR none ups.status\n", "ERR UNKNOWN-UPS\n"},
        Case{"GET VAR R34 ups.status\n", "ERR DATA-STALE\n"},
        Case{"LIST VAR R34\n", "ERR DATA-STALE\n"},
        Case{"GET UPSDESC R34\n", "UPSDESC R34 \"Cellar (DELTA 2)\"\n"},
        Case{"GET NUMLOGINS R33\n", "NUMLOGINS R33 0\n"},
        Case{"GET TYPE R33 battery.charge\n", "TYPE R33 battery.charge NUMBER\n"},
        Case{"GET TYPE R33 ups.status\n", "TYPE R33 ups.status STRING:255\n"},
        Case{"GET DESC R33 ups.status\n", "DESC R33 ups.status \"Status of the UPS\"\n"},
        Case{"GET DESC R33 x\n", "DESC R33 x \"Description unavailable\"\n"},
        Case{"GET TRACKING\n", "OFF\n"},
        Case{"GET CMDDESC R33 load.off\n", "ERR CMD-NOT-SUPPORTED\n"},
        Case{"LIST RW R33\n", "BEGIN LIST RW R33\nEND LIST RW R33\n"},
        Case{"LIST CMD R33\n", "BEGIN LIST CMD R33\nEND LIST CMD R33\n"},
        Case{"LIST ENUM R33 ups.status\n",
             "BEGIN LIST ENUM R33 ups.status\nEND LIST ENUM R33 ups.status\n"},
        Case{"LIST CLIENT R33\n", "BEGIN LIST CLIENT R33\nEND LIST CLIENT R33\n"},
        Case{"NETVER\n", "1.3\n"},
        Case{"STARTTLS\n", "ERR FEATURE-NOT-CONFIGURED\n"},
        Case{"SET VAR R33 ups.id x\n", "ERR READONLY\n"},
        Case{"INSTCMD R33 load.off\n", "ERR CMD-NOT-SUPPORTED\n"},
        Case{"GET\n", "ERR INVALID-ARGUMENT\n"},
        Case{"LIST VAR\n", "ERR INVALID-ARGUMENT\n"},
        Case{"GET VAR \"R33 ups.status\n", "ERR INVALID-ARGUMENT\n"},
        Case{"\n", "ERR UNKNOWN-COMMAND\n"},
        Case{"get var\n", "ERR UNKNOWN-COMMAND\n"},
        Case{"LOGOUT\n", "OK Goodbye\n"}}) {
    EXPECT_EQ(ask(each.request), each.answer) << each.request;
  }
}

TEST_F(NutSessionTest, ASignInNeedsUserAndPassword) {
  EXPECT_EQ(ask("LOGIN R33\n"), "ERR USERNAME-REQUIRED\n");
  EXPECT_EQ(ask("USERNAME mon\nLOGIN R33\n"), "OK\nERR PASSWORD-REQUIRED\n");
  EXPECT_EQ(ask("USERNAME mon\nPASSWORD wrong\nLOGIN R33\n"), "OK\nOK\nERR ACCESS-DENIED\n");
  EXPECT_EQ(ask("USERNAME a\nUSERNAME b\n"), "OK\nERR ALREADY-SET-USERNAME\n");
  EXPECT_EQ(ask("USERNAME mon\nPASSWORD pass\nLOGIN R34\n"), "OK\nOK\nERR DATA-STALE\n");
}

TEST_F(NutSessionTest, WithoutAUserNobodySignsIn) {
  Clients nobody({.user = {}, .password = {}, .board = &board, .health = &health});
  EXPECT_EQ(nobody.why_refused({.user = "", .password = ""}), "wrong user or password");
}

TEST_F(NutSessionTest, GuessesOfAnAddressAreLimitedOverItsConnections) {
  const auto primary = signed_in();
  const auto guess = [&](const std::string& peer) {
    return ask(*connect(peer), "USERNAME mon\nPASSWORD wrong\nLOGIN R33\n");
  };
  for (std::size_t i = 0; i < kFailures; ++i) guess("192.0.2.9");
  const std::string right = "USERNAME mon\nPASSWORD pass\nLOGIN R33\n";
  EXPECT_EQ(ask(*connect("192.0.2.9"), right), "OK\nOK\nERR ACCESS-DENIED\n");
  EXPECT_EQ(ask(*connect("192.0.2.8"), right), "OK\nOK\nOK\n");
  for (std::size_t i = 0; i < kFailures; ++i) guess("192.0.2.1");
  EXPECT_EQ(ask(*connect(), right), "OK\nOK\nOK\n") << "the address is known";
  for (std::size_t i = 0; i < kFailures; ++i) guess("192.0.2.1");
  EXPECT_EQ(ask(*connect(), right), "OK\nOK\nERR ACCESS-DENIED\n");
  EXPECT_EQ(ask(*primary, "PRIMARY R33\nFSD R33\n"), "OK PRIMARY-GRANTED\nOK FSD-SET\n");
}

TEST_F(NutSessionTest, TheAuditHasRefusalsAndWhatTakesPower) {
  const auto session = signed_in();
  ask(*session, "FSD R33\nPRIMARY R33\nFSD cellar\n");
  ask("USERNAME admin\nPASSWORD secret\nLOGIN R33\n");
  EXPECT_THAT(audit,
              testing::ElementsAre("sign-in mon R33 ", "ups.shutdown mon R33 not the primary",
                                   "ups.primary mon R33 ", "ups.shutdown mon R33 ",
                                   "sign-in   wrong user or password"));
}

TEST_F(NutSessionTest, AClientThatGuessesPasswordsIsDisconnected) {
  const auto session = connect();
  ask(*session, "USERNAME mon\nPASSWORD wrong\nLOGIN R33\nLOGIN R33\n");
  EXPECT_FALSE(session->finished());
  ask(*session, "LOGIN R33\n");
  EXPECT_TRUE(session->finished());
}

TEST_F(NutSessionTest, ClientsThatSignedInAreCountedUntilTheyAreGone) {
  const auto session = signed_in("cellar");
  EXPECT_EQ(ask("GET NUMLOGINS R33\n"), "NUMLOGINS R33 1\n");
  EXPECT_EQ(ask("LIST CLIENT R33\n"),
            "BEGIN LIST CLIENT R33\nCLIENT R33 192.0.2.1\nEND LIST CLIENT R33\n");
  EXPECT_EQ(ask(*session, "LOGIN R33\n"), "ERR ALREADY-LOGGED-IN\n");
  EXPECT_NE(session->account(), 0);
  session->lost();
  EXPECT_EQ(ask("GET NUMLOGINS R33\n"), "NUMLOGINS R33 0\n");
}

TEST_F(NutSessionTest, APrimaryForcesAShutdownThatAllSeeForAWhile) {
  const auto session = signed_in();
  EXPECT_EQ(ask(*session, "FSD R33\n"), "ERR ACCESS-DENIED\n") << "it is no primary yet";
  EXPECT_EQ(ask(*session, "MASTER R33\n"), "OK MASTER-GRANTED\n");
  EXPECT_EQ(ask(*session, "PRIMARY R33\nFSD R33\n"), "OK PRIMARY-GRANTED\nOK FSD-SET\n");
  EXPECT_EQ(ask("GET VAR R33 ups.status\n"), "VAR R33 ups.status \"FSD OL CHRG\"\n");
  clock.pass(Clients::kForcedShutdown);
  EXPECT_EQ(ask("GET VAR R33 ups.status\n"), "VAR R33 ups.status \"OL CHRG\"\n");
}

TEST_F(NutSessionTest, ALineMayBeAsLongAsTheLimitAndNoLonger) {
  const auto session = connect();
  EXPECT_EQ(ask(*session, std::string(kMaxLine, 'x') + "\n"), "ERR UNKNOWN-COMMAND\n");
  EXPECT_EQ(ask(*session, std::string(kMaxLine + 1, 'x')), "ERR INVALID-ARGUMENT\n");
  EXPECT_TRUE(session->finished());
  const auto other = connect();
  EXPECT_EQ(ask(*other, std::string(kMaxLine + 1, 'x') + "\nNETVER\n"), "ERR INVALID-ARGUMENT\n");
  EXPECT_TRUE(other->finished());
}

TEST_F(NutSessionTest, ManyLinesAreAnsweredInTurns) {
  const auto session = connect();
  std::string lines;
  for (std::size_t i = 0; i < Session::kLinesPerTurn * 2; ++i) lines += "NETVER\n";
  session->receive(lines, clock.now());
  std::string out;
  session->take_output(out);
  EXPECT_EQ(out.size(), Session::kLinesPerTurn * 4);
  EXPECT_TRUE(session->has_work());
  EXPECT_FALSE(session->wants_input());
  session->work();
  EXPECT_FALSE(session->has_work());
}

TEST_F(NutSessionTest, ASilentClientIsDisconnected) {
  const auto session = connect();
  clock.pass(Session::kIdle);
  session->tick(clock.now());
  EXPECT_FALSE(session->finished());
  clock.pass(Millis(1));
  session->tick(clock.now());
  EXPECT_TRUE(session->finished());
}

}  // namespace

}  // namespace gridloom::bridges::nut
