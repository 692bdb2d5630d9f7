// Stands for libpq in the portable program, which has no PostgreSQL: Debian's libpq.a wants
// libgssapi_krb5, of which there is no static library, and libpgcommon and libpgport, which come
// with LLVM and another clang (postgresql-server-dev-15). ConnectionSettings::parse() sees the
// version 0 and says so; nothing else is ever called.
#include <libpq-fe.h>

int PQlibVersion() { return 0; }

PQconninfoOption* PQconninfoParse(const char*, char**) { return nullptr; }
void PQconninfoFree(PQconninfoOption*) {}
void PQfreemem(void*) {}

PGconn* PQconnectStartParams(const char* const*, const char* const*, int) { return nullptr; }
PostgresPollingStatusType PQconnectPoll(PGconn*) { return PGRES_POLLING_FAILED; }
void PQfinish(PGconn*) {}
ConnStatusType PQstatus(const PGconn*) { return CONNECTION_BAD; }
PGTransactionStatusType PQtransactionStatus(const PGconn*) { return PQTRANS_UNKNOWN; }
char* PQerrorMessage(const PGconn*) { return nullptr; }
int PQserverVersion(const PGconn*) { return 0; }
int PQsocket(const PGconn*) { return -1; }
int PQsetnonblocking(PGconn*, int) { return -1; }
PQnoticeProcessor PQsetNoticeProcessor(PGconn*, PQnoticeProcessor, void*) { return nullptr; }

int PQsendQuery(PGconn*, const char*) { return 0; }
int PQsendPrepare(PGconn*, const char*, const char*, int, const Oid*) { return 0; }
int PQsendQueryPrepared(PGconn*, const char*, int, const char* const*, const int*, const int*,
                        int) {
  return 0;
}
int PQsetSingleRowMode(PGconn*) { return 0; }
int PQflush(PGconn*) { return -1; }
int PQconsumeInput(PGconn*) { return 0; }
int PQisBusy(PGconn*) { return 0; }
PGresult* PQgetResult(PGconn*) { return nullptr; }
PGnotify* PQnotifies(PGconn*) { return nullptr; }
int PQputCopyData(PGconn*, const char*, int) { return -1; }
int PQputCopyEnd(PGconn*, const char*) { return -1; }
int PQenterPipelineMode(PGconn*) { return 0; }
int PQexitPipelineMode(PGconn*) { return 0; }
int PQpipelineSync(PGconn*) { return 0; }

void PQclear(PGresult*) {}
ExecStatusType PQresultStatus(const PGresult*) { return PGRES_FATAL_ERROR; }
char* PQresultErrorField(const PGresult*, int) { return nullptr; }
int PQntuples(const PGresult*) { return 0; }
int PQgetisnull(const PGresult*, int, int) { return 1; }
char* PQgetvalue(const PGresult*, int, int) { return nullptr; }
int PQgetlength(const PGresult*, int, int) { return 0; }
char* PQcmdTuples(PGresult*) {
  static char none[] = "";
  return none;
}
