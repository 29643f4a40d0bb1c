// What a remote run asks of AWS beside tables: a way back for tables changed in place, and calls of
// the reindexer function.  For the caller that opened the store.
//
// The hooks are thread-safe and block on the network; what they borrow must outlive them.
#pragma once

#include <string>

#include "items/dynamodb/dynamodb_store.h"
#include "migrate/remote/run.h"
#include "net/aws_client.h"

namespace vams::migrate::remote {

// Point-in-time recovery where it is on; else an on-demand backup, waited for until it is complete.
// Backups are named "vams-<label>-<table>".
std::function<Result<std::string>(OpContext& op, std::string_view table)> ProtectByBackup(
    items::DynamoStore& store, std::string label);

// `endpoint` as net::ResolveEndpoint gives it for "lambda".
Invoke InvokeLambda(net::AwsClient& client, std::string endpoint);

}  // namespace vams::migrate::remote
