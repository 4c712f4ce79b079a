/** Small stages that a jar on the class path might add, for tests of planning and running. */
package org.kindred.pipelines.testing;
