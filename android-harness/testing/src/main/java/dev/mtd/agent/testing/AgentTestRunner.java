package dev.mtd.agent.testing;

import org.junit.runners.model.FrameworkMethod;
import org.junit.runners.model.InitializationError;
import org.robolectric.RobolectricTestRunner;
import org.robolectric.internal.bytecode.InstrumentationConfiguration;

/**
 * Robolectric, with JNA left outside of it. Robolectric loads the classes of a test anew for each Android version; a native
 * library is loaded by one class loader of a process only, which for all versions has to be the same.
 */
public final class AgentTestRunner extends RobolectricTestRunner {
    public AgentTestRunner(Class<?> testClass) throws InitializationError {
        super(testClass);
    }

    @Override
    protected InstrumentationConfiguration createClassLoaderConfig(FrameworkMethod method) {
        return new InstrumentationConfiguration.Builder(super.createClassLoaderConfig(method))
                .doNotAcquirePackage("com.sun.jna.")
                .build();
    }
}
