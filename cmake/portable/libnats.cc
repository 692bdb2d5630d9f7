// Stands for libnats in the portable program, which has no NATS: Debian has no static libnats.
// ConnectionSettings::parse() sees the version 0 and says so; nothing else is ever called.
#include <nats/nats.h>

natsStatus js_AddConsumer(jsConsumerInfo**, jsCtx*, const char*, jsConsumerConfig*, jsOptions*,
                          jsErrCode*) {
  return NATS_FAILED_TO_INITIALIZE;
}
natsStatus js_AddStream(jsStreamInfo**, jsCtx*, jsStreamConfig*, jsOptions*, jsErrCode*) {
  return NATS_FAILED_TO_INITIALIZE;
}
natsStatus js_GetLastMsg(natsMsg**, jsCtx*, const char*, const char*, jsOptions*, jsErrCode*) {
  return NATS_FAILED_TO_INITIALIZE;
}
natsStatus js_GetMsg(natsMsg**, jsCtx*, const char*, uint64_t, jsOptions*, jsErrCode*) {
  return NATS_FAILED_TO_INITIALIZE;
}
natsStatus js_GetStreamInfo(jsStreamInfo**, jsCtx*, const char*, jsOptions*, jsErrCode*) {
  return NATS_FAILED_TO_INITIALIZE;
}
natsStatus js_Publish(jsPubAck**, jsCtx*, const char*, const void*, int, jsPubOptions*,
                      jsErrCode*) {
  return NATS_FAILED_TO_INITIALIZE;
}
natsStatus js_PurgeStream(jsCtx*, const char*, jsOptions*, jsErrCode*) {
  return NATS_FAILED_TO_INITIALIZE;
}

natsStatus jsConsumerConfig_Init(jsConsumerConfig*) { return NATS_FAILED_TO_INITIALIZE; }

void jsConsumerInfo_Destroy(jsConsumerInfo*) {}

void jsCtx_Destroy(jsCtx*) {}

natsStatus jsOptions_Init(jsOptions*) { return NATS_FAILED_TO_INITIALIZE; }

void jsPubAck_Destroy(jsPubAck*) {}

natsStatus jsPubOptions_Init(jsPubOptions*) { return NATS_FAILED_TO_INITIALIZE; }

natsStatus jsStreamConfig_Init(jsStreamConfig*) { return NATS_FAILED_TO_INITIALIZE; }

void jsStreamInfo_Destroy(jsStreamInfo*) {}

const char* nats_GetLastError(natsStatus*) { return nullptr; }
uint32_t nats_GetVersionNumber() { return 0; }
natsStatus nats_SetMessageDeliveryPoolSize(int) { return NATS_FAILED_TO_INITIALIZE; }

void natsConnection_Close(natsConnection*) {}
natsStatus natsConnection_Connect(natsConnection**, natsOptions*) {
  return NATS_FAILED_TO_INITIALIZE;
}
void natsConnection_Destroy(natsConnection*) {}
natsStatus natsConnection_FlushTimeout(natsConnection*, int64_t) {
  return NATS_FAILED_TO_INITIALIZE;
}
natsStatus natsConnection_GetConnectedUrl(natsConnection*, char*, size_t) {
  return NATS_FAILED_TO_INITIALIZE;
}
natsStatus natsConnection_GetLastError(natsConnection*, const char**) {
  return NATS_FAILED_TO_INITIALIZE;
}
natsStatus natsConnection_JetStream(jsCtx**, natsConnection*, jsOptions*) {
  return NATS_FAILED_TO_INITIALIZE;
}
natsStatus natsConnection_Publish(natsConnection*, const char*, const void*, int) {
  return NATS_FAILED_TO_INITIALIZE;
}
natsStatus natsConnection_PublishRequest(natsConnection*, const char*, const char*, const void*,
                                         int) {
  return NATS_FAILED_TO_INITIALIZE;
}
natsConnStatus natsConnection_Status(natsConnection*) { return NATS_CONN_STATUS_CLOSED; }
natsStatus natsConnection_Subscribe(natsSubscription**, natsConnection*, const char*,
                                    natsMsgHandler, void*) {
  return NATS_FAILED_TO_INITIALIZE;
}
natsStatus natsConnection_SubscribeSync(natsSubscription**, natsConnection*, const char*) {
  return NATS_FAILED_TO_INITIALIZE;
}

natsStatus natsInbox_Create(natsInbox**) { return NATS_FAILED_TO_INITIALIZE; }
void natsInbox_Destroy(natsInbox*) {}

void natsMsg_Destroy(natsMsg*) {}
const char* natsMsg_GetData(const natsMsg*) { return nullptr; }
int natsMsg_GetDataLength(const natsMsg*) { return 0; }
const char* natsMsg_GetReply(const natsMsg*) { return nullptr; }
uint64_t natsMsg_GetSequence(natsMsg*) { return 0; }
const char* natsMsg_GetSubject(const natsMsg*) { return nullptr; }
bool natsMsg_IsNoResponders(natsMsg*) { return false; }

natsStatus natsOptions_Create(natsOptions**) { return NATS_FAILED_TO_INITIALIZE; }
void natsOptions_Destroy(natsOptions*) {}
natsStatus natsOptions_LoadCATrustedCertificates(natsOptions*, const char*) {
  return NATS_FAILED_TO_INITIALIZE;
}
natsStatus natsOptions_LoadCertificatesChain(natsOptions*, const char*, const char*) {
  return NATS_FAILED_TO_INITIALIZE;
}
natsStatus natsOptions_SetClosedCB(natsOptions*, natsConnectionHandler, void*) {
  return NATS_FAILED_TO_INITIALIZE;
}
natsStatus natsOptions_SetDisconnectedCB(natsOptions*, natsConnectionHandler, void*) {
  return NATS_FAILED_TO_INITIALIZE;
}
natsStatus natsOptions_SetErrorHandler(natsOptions*, natsErrHandler, void*) {
  return NATS_FAILED_TO_INITIALIZE;
}
natsStatus natsOptions_SetFailRequestsOnDisconnect(natsOptions*, bool) {
  return NATS_FAILED_TO_INITIALIZE;
}
natsStatus natsOptions_SetMaxPingsOut(natsOptions*, int) { return NATS_FAILED_TO_INITIALIZE; }
natsStatus natsOptions_SetMaxReconnect(natsOptions*, int) { return NATS_FAILED_TO_INITIALIZE; }
natsStatus natsOptions_SetName(natsOptions*, const char*) { return NATS_FAILED_TO_INITIALIZE; }
natsStatus natsOptions_SetPingInterval(natsOptions*, int64_t) { return NATS_FAILED_TO_INITIALIZE; }
natsStatus natsOptions_SetReconnectBufSize(natsOptions*, int) { return NATS_FAILED_TO_INITIALIZE; }
natsStatus natsOptions_SetReconnectJitter(natsOptions*, int64_t, int64_t) {
  return NATS_FAILED_TO_INITIALIZE;
}
natsStatus natsOptions_SetReconnectWait(natsOptions*, int64_t) { return NATS_FAILED_TO_INITIALIZE; }
natsStatus natsOptions_SetReconnectedCB(natsOptions*, natsConnectionHandler, void*) {
  return NATS_FAILED_TO_INITIALIZE;
}
natsStatus natsOptions_SetSecure(natsOptions*, bool) { return NATS_FAILED_TO_INITIALIZE; }
natsStatus natsOptions_SetSendAsap(natsOptions*, bool) { return NATS_FAILED_TO_INITIALIZE; }
natsStatus natsOptions_SetServers(natsOptions*, const char**, int) {
  return NATS_FAILED_TO_INITIALIZE;
}
natsStatus natsOptions_SetTimeout(natsOptions*, int64_t) { return NATS_FAILED_TO_INITIALIZE; }
natsStatus natsOptions_SetUserCredentialsFromFiles(natsOptions*, const char*, const char*) {
  return NATS_FAILED_TO_INITIALIZE;
}
natsStatus natsOptions_SetUserInfo(natsOptions*, const char*, const char*) {
  return NATS_FAILED_TO_INITIALIZE;
}
natsStatus natsOptions_SetWriteDeadline(natsOptions*, int64_t) { return NATS_FAILED_TO_INITIALIZE; }
natsStatus natsOptions_UseGlobalMessageDelivery(natsOptions*, bool) {
  return NATS_FAILED_TO_INITIALIZE;
}

const char* natsStatus_GetText(natsStatus) { return ""; }

void natsSubscription_Destroy(natsSubscription*) {}
natsStatus natsSubscription_NextMsg(natsMsg**, natsSubscription*, int64_t) {
  return NATS_FAILED_TO_INITIALIZE;
}
natsStatus natsSubscription_Unsubscribe(natsSubscription*) { return NATS_FAILED_TO_INITIALIZE; }
