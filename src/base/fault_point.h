// VAMS_POINT("items.before_commit"): a named place at which a test build can kill or stop the
// process, or make the step fail, so that crash tests can visit every one of them.
//
// In builds without VAMS_FAULT_POINTS the macro is nothing.  Otherwise the environment variable
// VAMS_FAULT="name[:n]=kill|error" arms one point: at its n-th visit (default the first) the
// process kills itself with SIGKILL, or the enclosing function returns an error.
#pragma once

#include "base/result.h"

#ifdef VAMS_FAULT_POINTS
namespace vams::internal {
Status VisitFaultPoint(const char* name);
}
#define VAMS_POINT(name) TRY_OK(vams::internal::VisitFaultPoint(name))
#else
#define VAMS_POINT(name) \
  do {                   \
  } while (false)
#endif
