package dev.mtd.agent.testing;

import org.junit.runners.model.FrameworkMethod;
import org.junit.runners.model.InitializationError;
import org.robolectric.RobolectricTestRunner;
import org.robolectric.internal.bytecode.InstrumentationConfiguration;

/**
 * Robolectric, with the bindings left outside of it. Robolectric loads the classes of a test anew for each Android version; the
 * native library is loaded once in a process, and calls back one set of classes: the bindings, JNA, and the coroutines that they
 * share with everybody.
 */
public final class AgentTestRunner extends RobolectricTestRunner {
    public AgentTestRunner(Class<?> testClass) throws InitializationError {
        super(testClass);
    }

    @Override
    protected InstrumentationConfiguration createClassLoaderConfig(FrameworkMethod method) {
        InstrumentationConfiguration.Builder configuration =
                new InstrumentationConfiguration.Builder(super.createClassLoaderConfig(method))
                        .doNotAcquirePackage("com.sun.jna.")
                        .doNotAcquirePackage("kotlinx.coroutines.");
        GeneratedClasses.names().forEach(configuration::doNotAcquireClass);
        return configuration.build();
    }
}
