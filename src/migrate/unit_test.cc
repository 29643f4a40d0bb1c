#include "migrate/naive_engine_test.h"
